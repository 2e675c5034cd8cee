"""Findings about self-hosted inference: D3 to D8, D30."""

from __future__ import annotations

from collections.abc import Iterator

from sizing import choices, gpu
from sizing.engines import Engine
from sizing.findings import Finding, Kind
from sizing.guide import ch1_workload, ch2_components, ch3_infrastructure, ch4_cost
from sizing.guide.ch2_components import Inference
from sizing.names import counted
from sizing.plan import Plan
from sizing.requirements import EngineRequirements
from sizing.spend_logs import SECONDS_PER_DAY
from sizing.throughput import output_tokens_per_s

SECTION = ch2_components.INFERENCE_SECTION
VLLM = "vLLM 0.33.0 memory planning, llm-d-planner 0.3.3 reserves"
RESOURCES = ("cpu_request_m", "cpu_limit_m", "memory_request_mib", "memory_limit_mib")


def rules(plan: Plan) -> Iterator[Finding]:
    """All findings of this module."""
    for index, engine in enumerate(plan.engines):
        path, asked = f"vllm.engines[{index}]", plan.requirements.vllm.engines[index]
        if not _is_guides(plan, index):
            continue
        yield from _resources(plan, engine, asked, path)
        if index == 0:
            yield from _card(plan, engine, path)
        yield from _precision(engine, asked, path)
        yield from _context(engine, asked, path)
        yield from _parallelism(engine, asked, path)
        yield from _replicas(plan, engine, asked, path)
        yield from _throughput(engine, path)
    yield from _second_engine(plan)
    yield from _left_out(plan)
    yield from _licences(plan)
    yield from _revisions(plan)
    yield _tokens(plan)
    yield _trigger(plan)


def _is_guides(plan: Plan, index: int) -> bool:
    """Whether the engine is the guide's or ours rather than one the stack describes itself."""
    parts = plan.overrides.vllm.engines
    return parts is None or parts[index].repository is None


def _reference(engine: Engine, *, same_card: bool = False) -> list[Inference]:
    """Rows of 2.3 for the engine's model, or for its card too: the guide's H100 is the card with 80 GB."""
    cards = (engine.gpu_model, engine.gpu_model.split("-")[0])
    return [
        row
        for row in ch2_components.INFERENCE
        if row.model.lower() == engine.fit.model.family and (not same_card or row.gpu_model in cards)
    ]


def _resources(plan: Plan, engine: Engine, asked: EngineRequirements, path: str) -> Iterator[Finding]:
    guide, machine = ch2_components.PRODUCTION_STACK, plan.order.gpu.machine
    for field in RESOURCES:
        wanted, actual = getattr(guide.resources, field), getattr(engine, field)
        if actual == wanted or field in asked.explicit:
            continue
        scaled = engine.gpus > guide.gpus and actual == wanted * engine.gpus
        cards = (
            f"{engine.gpus} of its {machine.gpus} GPUs get their"
            if machine.gpus > 1
            else "its GPU gets what is left, the"
        )
        node = (
            f"{machine.name} has {machine.allocatable_cpu_m}m and {machine.allocatable_memory_mib} MiB to"
            f" give, less its DaemonSets; {cards} whole-core, whole-GiB share"
        )
        yield Finding(
            id="D3",
            section=SECTION,
            path=f"{path}.{field}",
            kind=Kind.INTERPRETED if scaled else Kind.CHANGED,
            guide=wanted,
            actual=actual,
            reason=f"the guide's figure is for {guide.gpus} GPU; this engine takes {engine.gpus}"
            if scaled
            else node,
            source=f"guide 3.1 fixes the node; {plan.order.notes.node_reserves}",
        )


def _card(plan: Plan, engine: Engine, path: str) -> Iterator[Finding]:
    cards = [row.gpu_model for row in _reference(engine)]
    if not cards or _reference(engine, same_card=True):
        return
    machine, guide = plan.order.gpu.machine, ch3_infrastructure.CLUSTER[plan.requirements.tier].gpu_nodes
    ordered = plan.overrides.nodes.gpu.machine_type is None
    moved = ordered and machine.name != guide.machine_type
    why = (
        f"the nearest here to 3.1's {guide.machine_type} is {machine.name}"
        if moved
        else f"3.1 orders {machine.name}; 3.1, 4.1 and Appendix A agree on the node, so it stands"
        if ordered
        else f"the stack orders {machine.name}"
    )
    yield Finding(
        id="D28" if moved else "D3",
        section=SECTION,
        path=f"{path}.gpu_model",
        kind=Kind.CONFLICT if ordered and not moved else Kind.CHANGED,
        guide=cards[0],
        actual=engine.gpu_model,
        reason=f"2.3 runs the model on {' or '.join(cards)}, {why}",
        source=plan.order.notes.machines if moved else "guide 2.3, 3.1, 4.1, App. A",
    )


def _precision(engine: Engine, asked: EngineRequirements, path: str) -> Iterator[Finding]:
    if asked.precision is not None or engine.repository == asked.repository:
        return
    wanted = gpu.checkpoint(f"{path}.repository", asked.repository)
    card = engine.fit.card
    need = gpu.needed_mib(wanted, engine.gpus, asked.max_model_len)
    why = (
        f"{wanted.precision} weights with one context of {asked.max_model_len} tokens need {need} MiB a card,"
        f" {card.named} gives {engine.fit.available_mib}"
        if card.supports(wanted.precision)
        else card.lacks(wanted.precision)
    )
    for field, guide, actual in (
        ("precision", wanted.precision, engine.precision),
        ("repository", wanted.repository, engine.repository),
    ):
        yield Finding(
            id="D4",
            section=SECTION,
            path=f"{path}.{field}",
            kind=Kind.CHANGED,
            guide=guide,
            actual=actual,
            reason=f"{why}; {engine.precision} needs {engine.fit.needed_mib} of {engine.fit.available_mib}"
            " MiB",
            source=VLLM,
        )


def _context(engine: Engine, asked: EngineRequirements, path: str) -> Iterator[Finding]:
    if engine.max_model_len != asked.max_model_len:
        yield Finding(
            id="D4",
            section=SECTION,
            path=f"{path}.max_model_len",
            kind=Kind.CHANGED,
            guide=asked.max_model_len,
            actual=engine.max_model_len,
            reason=f"halved until the KV cache of one context fits {engine.fit.available_mib} MiB a card",
            source=VLLM,
        )


def _parallelism(engine: Engine, asked: EngineRequirements, path: str) -> Iterator[Finding]:
    rows = _reference(engine, same_card=True) or _reference(engine)
    if asked.tensor_parallel_size is not None or not rows or rows[0].gpus == engine.gpus:
        return
    model, fit, fewer = engine.fit.model, engine.fit, rows[0].gpus
    need = gpu.needed_mib(model, fewer, engine.max_model_len)
    for field in ("gpus", "tensor_parallel_size"):
        yield Finding(
            id="D5",
            section=SECTION,
            path=f"{path}.{field}",
            kind=Kind.CHANGED,
            guide=fewer,
            actual=engine.gpus,
            reason=f"{model.weight_mib} MiB of {model.precision} weights and a context of"
            f" {engine.max_model_len}"
            f" tokens need {need} MiB on each of {fewer} {fit.card.gpu}, which gives {fit.available_mib};"
            f" on {engine.gpus} they need {fit.needed_mib}",
            source=VLLM,
        )


def _replicas(plan: Plan, engine: Engine, asked: EngineRequirements, path: str) -> Iterator[Finding]:
    guide, pool = ch2_components.PRODUCTION_STACK, plan.order.gpu
    if asked.max_replicas is not None or engine.max_replicas == guide.max_replicas:
        return
    gpus = pool.desired * pool.machine.gpus
    yield Finding(
        id="D6",
        section=SECTION,
        path=f"{path}.max_replicas",
        kind=Kind.CHANGED,
        guide=guide.max_replicas,
        actual=engine.max_replicas,
        reason=f"the stack's minimum of {asked.min_replicas} is above it"
        if engine.max_replicas == asked.min_replicas
        else f"{counted(gpus, 'GPU')} for {counted(len(plan.engines), 'engine')}; at {guide.max_replicas}"
        " replicas most would idle",
        source="guide 3.1",
    )


def _throughput(engine: Engine, path: str) -> Iterator[Finding]:
    rows = [row for row in _reference(engine, same_card=True) if row.gpus == engine.gpus]
    actual = output_tokens_per_s(engine)
    yield Finding(
        id="D7",
        section=SECTION,
        path=f"{path}.output_tokens_per_s",
        kind=Kind.INTERPRETED,
        guide=str(rows[0].tokens_per_s) if rows else None,
        actual=actual.tokens_per_s,
        reason="the guide does not say whether its tokens are output or input and output"
        + ("" if rows else f", and has no row for {engine.gpus} x {engine.gpu_model}")
        + f"; planned with output tokens: {actual.basis}",
        source=actual.source,
    )


def _second_engine(plan: Plan) -> Iterator[Finding]:
    if plan.overrides.vllm.engines is None and len(plan.engines) > 1:
        yield Finding(
            id="D6",
            section=SECTION,
            path="vllm.engines[1].name",
            kind=Kind.INTERPRETED,
            guide=None,
            actual=plan.engines[1].name,
            reason="the guide's block has one engine, 3.1 orders"
            f" {counted(plan.order.gpu.desired * plan.order.gpu.machine.gpus, 'GPU')},"
            " and 2.3 sizes this model too",
            source="guide 2.3, 3.1",
        )


def _left_out(plan: Plan) -> Iterator[Finding]:
    """``vllm.engines`` is the whole list: a model of the size that it leaves out does not run."""
    second = choices.SECOND_MODEL.get(plan.requirements.tier)
    if second is None or plan.overrides.vllm.engines is None:
        return
    family = gpu.checkpoint("vllm.engines", second).family
    if family not in {engine.fit.model.family for engine in plan.engines}:
        yield Finding(
            id="D6",
            section=SECTION,
            path=None,
            kind=Kind.CHANGED,
            guide=second,
            actual=None,
            reason=f"vllm.engines lists {len(plan.engines)}, and the list is the whole of them: this model of"
            " the size does not run. An empty entry {} in second place keeps it",
            source="stack file",
        )


def _revisions(plan: Plan) -> Iterator[Finding]:
    for index, engine in enumerate(plan.engines):
        if engine.revision == gpu.UNPINNED:
            yield Finding(
                id="D26",
                section="3.3",
                path=f"vllm.engines[{index}].revision",
                kind=Kind.RISK,
                guide=None,
                actual=engine.revision,
                reason="no commit of the repository is known here: the model cache is filled with what its"
                " main branch holds on that day. Name the repository and pin a commit in"
                f" vllm.engines[{index}].revision",
                source=f"https://huggingface.co/{engine.repository}/commits/main",
            )


def _licences(plan: Plan) -> Iterator[Finding]:
    gated = [engine.repository for engine in plan.engines if engine.fit.model.gated]
    if gated and plan.overrides.vllm.hf_token_secret is None:
        yield Finding(
            id="D26",
            section=SECTION,
            path=None,
            kind=Kind.RISK,
            guide=", ".join(gated),
            actual=", ".join(gated),
            reason="the licence must be accepted before the job that fills the model cache can download: put"
            " a token of the model hub into Vault and name it in vllm.hfTokenSecret",
            source=f"https://huggingface.co/{gated[0]}",
        )


def _tokens(plan: Plan) -> Finding:
    profile, load = ch1_workload.PROFILES[plan.requirements.tier], plan.requirements.workload
    per_request = load.input_tokens + load.output_tokens
    implied = profile.requests_per_second.top / load.peak_to_average * per_request * SECONDS_PER_DAY
    self_hosted = (1 - load.cache_hit_ratio) * (1 - ch4_cost.EXTERNAL_SHARE) * load.peak_to_average
    stated = profile.daily_tokens.top
    return Finding(
        id="D8",
        section="1.1",
        path=None,
        kind=Kind.CONFLICT,
        guide=stated,
        actual=round(implied),
        reason=f"{profile.requests_per_second.top} requests/s at peak are {implied / stated:.0f} times the"
        " stated"
        f" tokens a day; proxies, PostgreSQL and Redis are sized by requests/s, GPUs by tokens x"
        f" {self_hosted:.2f} (peak, less cache and external share)",
        source="guide 1.1, 1.2, 4.2",
    )


def _trigger(plan: Plan) -> Finding:
    need = plan.requirements.vllm
    return Finding(
        id="D30",
        section=SECTION,
        path=None,
        kind=Kind.INTERPRETED,
        guide=f"{need.trigger_metric} > {need.trigger_threshold}",
        actual=f"sum per replica > {need.trigger_threshold};"
        f" {choices.WAITING_METRIC} > {choices.WAITING_THRESHOLD}",
        reason="KEDA divides the sum by the replicas, so the threshold is per replica; requests that wait"
        " trigger"
        " too, and without Prometheus a fallback replica count holds",
        source="https://keda.sh/docs/2.20/scalers/prometheus/",
    )
