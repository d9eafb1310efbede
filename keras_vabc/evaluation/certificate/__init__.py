"""The certificate: a person looks at a few hundred samples, and gets a bound that holds.

`bounds` need no assumption, those of `assumed` need the one that each states, `stratified` draws
more where a guard is suspicious.
"""
