"""One spelling for names, addresses, dates, phones and e-mails, before anything is compared."""
