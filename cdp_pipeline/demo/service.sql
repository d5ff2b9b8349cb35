-- Zendesk: tickets and who asked.

create table ticket as
select p * 4 + k as id, p, k, case when email_2 is not null and chance(p * 4 + k, 'service.other_email', 0.3) then 1 else 0 end as j,
    moment(asked_on, p * 4 + k, 'ticket') as opened_at,
    moment(asked_on, p * 4 + k, 'ticket') + to_seconds(900 + below(p * 4 + k, 'ticket.solved', 500000)) as solved_at
from (select p, email_2, gone_on, k, history_start() + below(p * 4 + k, 'ticket.day', history_days())::int as asked_on
      from person, unnest(range(1 + chance(p, 'tickets.2', 0.3)::int + chance(p, 'tickets.3', 0.1)::int)) t(k) where in_service)
where gone_on is null or asked_on < gone_on;

create macro requester_id(p, j) as 360000000000 + scramble(2 * p + j + 1, 7919317, 10000000000);
create table requester_profile as
select requester_id(p, j)::varchar as record_id, p, 2 * p + j as key, country, first_name, head_first_name, last_name,
    case when j = 1 then email_2 else email end as email, null as phone, null as street, null as house_number,
    null as postcode, null as city, null::date as birth_date, false as may_mistype
from person join (select distinct p, j from ticket) using (p);
create table requester_seen as from noisy('requester_profile', 'service');

-- Zendesk > Views or Explore > Export: 41 columns
create macro zendesk_tickets(day, is_first) as table
with shown as (
    select t.*, s.record_id, concat_ws(' ', s.first_name, s.last_name) as name, s.email, solved_at::date <= day as is_solved,
        date_diff('minute', opened_at, solved_at) as minutes, below(t.id, 'first_reply', 600) + 3 as reply,
        case when a.created_at <= opened_at and chance(t.p, 'service.logged_in', 0.6) then a.customer_id::varchar end as external_id
    from ticket t join requester_seen s on s.key = 2 * t.p + t.j left join account a on a.p = t.p and a.j = 0
    where opened_at::date <= day and (is_first or opened_at::date = day or solved_at::date = day)
)
select 1 as "Summation column", 1000 + id as "Id", name as "Requester", record_id as "Requester id", external_id as "Requester external id",
    email as "Requester email", split_part(email, '@', 2) as "Requester domain", name as "Submitter",
    pick(id, 'agent', ['Agent One', 'Agent Two', 'Agent Three']) as "Assignee", 'Support' as "Group",
    pick(id, 'subject', ['Where is my parcel?', 'Return request', 'Question about an invoice', 'Product question', 'Damaged on arrival',
        'Change my address']) as "Subject",
    pick(id, 'tags', ['delivery', 'return', 'invoice', 'product']) as "Tags",
    case when is_solved then 'Closed' else 'Open' end as "Status", pick(id, 'priority', ['Low', 'Normal', 'Normal', 'High']) as "Priority",
    pick(id, 'via', ['Mail', 'Mail', 'Web', 'Chat', 'Phone']) as "Via", pick(id, 'type', ['Question', 'Incident', 'Problem']) as "Ticket type",
    strftime(opened_at, '%Y-%m-%d %H:%M') as "Created at",
    strftime(case when is_solved then solved_at else opened_at end, '%Y-%m-%d %H:%M') as "Updated at",
    strftime(opened_at, '%Y-%m-%d %H:%M') as "Assigned at", null as "Organization", null as "Due date",
    strftime(opened_at, '%Y-%m-%d %H:%M') as "Initially assigned at",
    case when is_solved then strftime(solved_at, '%Y-%m-%d %H:%M') end as "Solved at",
    case when is_solved then minutes // 60 end as "Resolution time",
    case when is_solved then pick(id, 'score', ['Good', 'Good', 'Bad', 'Offered', 'Not Offered']) else 'Not Offered' end as "Satisfaction Score",
    1 as "Group stations", 1 as "Assignee stations", chance(id, 'reopened', 0.1)::int as "Reopens", 1 + below(id, 'replies', 4) as "Replies",
    reply as "First reply time in minutes", reply // 3 as "First reply time in minutes within business hours",
    case when is_solved then minutes end as "First resolution time in minutes",
    case when is_solved then minutes // 3 end as "First resolution time in minutes within business hours",
    case when is_solved then minutes end as "Full resolution time in minutes",
    case when is_solved then minutes // 3 end as "Full resolution time in minutes within business hours",
    reply // 2 as "Agent wait time in minutes", reply // 6 as "Agent wait time in minutes within business hours",
    reply as "Requester wait time in minutes", reply // 3 as "Requester wait time in minutes within business hours",
    0 as "On hold time in minutes", 0 as "On hold time in minutes within business hours"
from shown, unnest(range(1 + chance(id, 'service.twice', duplicate_row())::int)) twice(n)
order by opened_at, id;
