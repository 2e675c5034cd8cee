"""What the charts and custom resources we use really accept, and a checker for it.

`charts/<chart>.json`, `crds/<group>_<Kind>.json` and `kubernetes.json` are generated
(tools/refresh_contracts.py) and hold key names and types only, each with the source, commit, version and
licence they were read from. `charts/extra.toml` is written by hand: what templates read and no values file
says, each entry with its reason. The checker needs no network:

    from tests.contracts.checker import chart_problems, crd_problems
    assert chart_problems("vault", release["inputs"]["values"]) == []
    assert crd_problems(manifest) == []

Types are explained in tools/contract_fields.py. What a pass does not prove: CEL rules and webhooks of the
kinds, `fail` in templates, patterns and ranges, and anything below a path that a chart copies on without
looking (`object*`, `any`).
"""
