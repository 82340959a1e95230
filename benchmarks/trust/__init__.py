"""Trust that is withdrawn, keys that rotate and load that grows, measured on installations of real processes.

installation.py   a database, `watchword serve` processes before it, and who stands before those
balancer.py       the latter: a connection to one of the processes, in turn
records.py        people, clients and grants, one by one
bulk.py           grants by the hundred thousand
withdrawals.py    every way in which trust is withdrawn
children.py       processes of the benchmark's own, asked by lines of JSON
watchers.py       verifiers that say when they first refused a token
subscribers.py    readers of the event streams that say when they learnt of a number
consumers.py      verifiers of several libraries at work while keys rotate
requests.py       requests to the token endpoint, as fast as they are answered
telling.py        tables and JSON
"""
