"""The folder dbt_like_sql as frozen objects, with every mistake in it told at once."""
