"""Alerts from the plan: what is watched, at which figure it warns, where that figure comes from.

``rules.rule_groups(plan)`` gives the rules for Prometheus, ``rules.alerts(plan)`` what a person reads.
"""
