#!/usr/bin/env python3
"""Writes fixtures of RWKV-5, 6 and 7 under the names that Transformers-style repositories and flash-linear-attention use.

    python3 tools/oracle/rwkv_dialects.py testdata/fixtures OUT

rwkv5-hf and rwkv6-hf are the fixtures rwkv5 and rwkv6 under the names of BBuf/RWKV-World-HF-Tokenizer
(`convert_rwkv5_checkpoint_to_hf.py`, `convert_rwkv6_checkpoint_to_hf.py`); the numbers are the same, because that code's
configuration fixes the ranks at 32 and 64 and zeros fill what the fixture does not use.

flash-linear-attention gives the norm of the heads another epsilon (norm_eps in RWKV-6, head_dim·norm_eps in RWKV-7), so
rwkv6-fla and rwkv7-fla are computed anew, in double precision, from the equations below. They are first run with the
original epsilon and must then give the logits of rwkv6 and rwkv7, which come from the authors' own modules.
Names: its `utils/convert_from_rwkv6.py`, `utils/convert_from_rwkv7.py`.
"""
import json
import os
import re
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

PROMPT, GREEDY = 16, 24


def group_norm(y, p, heads, eps):
    """y [T, H, V]"""
    y = (y - y.mean(-1, keepdim=True)) / (y.var(-1, unbiased=False, keepdim=True) + eps).sqrt()
    return y.reshape(y.shape[0], -1) * p["ln_x.weight"] + p["ln_x.bias"]


def previous(x):
    return torch.cat([torch.zeros_like(x[:1]), x[:-1]])


def finch(x, p, eps, _):
    """The time mix of RWKV-6 over one sequence [T, D]."""
    heads, size = p["time_faaaa"].shape
    flat = lambda n: p[n].reshape(-1)
    d = previous(x) - x
    lean = torch.tanh((x + d * flat("time_maa_x")) @ p["time_maa_w1"]).view(len(x), 5, -1)
    mixed = {m: x + d * (flat("time_maa_" + m) + lean[:, i] @ p["time_maa_w2"][i]) for i, m in enumerate("wkvrg")}
    rows = lambda y: y.view(len(x), heads, size)
    decay = rows(torch.exp(-torch.exp(flat("time_decay") + torch.tanh(mixed["w"] @ p["time_decay_w1"]) @ p["time_decay_w2"])))
    r, k, v = (rows(mixed[m] @ p[n + ".weight"].T) for m, n in (("r", "receptance"), ("k", "key"), ("v", "value")))
    state, out = x.new_zeros(heads, size, size), []
    for t in range(len(x)):
        kv = k[t, :, :, None] * v[t, :, None, :]
        out.append((r[t, :, :, None] * (p["time_faaaa"][:, :, None] * kv + state)).sum(1))
        state = decay[t, :, :, None] * state + kv
    y = group_norm(torch.stack(out), p, heads, eps) * F.silu(mixed["g"] @ p["gate.weight"].T)
    return y @ p["output.weight"].T, None


def finch_channel(x, p):
    d = previous(x) - x
    k, r = (x + d * p["time_maa_" + m].reshape(-1) for m in "kr")
    return torch.sigmoid(r @ p["receptance.weight"].T) * (torch.relu(k @ p["key.weight"].T) ** 2 @ p["value.weight"].T)


def goose(x, p, eps, first):
    """The time mix of RWKV-7 over one sequence [T, D]; `first` is the value of layer 0."""
    heads, size = p["r_k"].shape
    d = previous(x) - x
    m = {c: x + d * p["x_" + c].reshape(-1) for c in "rwkvag"}
    low = lambda c, act: act(m["v" if c == "v" else c] @ p[c + "1"]) @ p[c + "2"]
    flat = lambda n: p[n].reshape(-1)
    same = lambda y: y
    w = torch.exp(-0.6065306597126334 * torch.sigmoid(flat("w0") + low("w", torch.tanh)))
    r, k, v = m["r"] @ p["receptance.weight"].T, m["k"] @ p["key.weight"].T, m["v"] @ p["value.weight"].T
    if first is None:
        first = v
    else:
        v = v + (first - v) * torch.sigmoid(flat("v0") + low("v", same))
    a = torch.sigmoid(flat("a0") + low("a", same))
    g = torch.sigmoid(m["g"] @ p["g1"]) @ p["g2"]
    rows = lambda y: y.view(len(x), heads, size)
    kk = F.normalize(rows(k * flat("k_k")), dim=-1)
    k = k * (1 + (a - 1) * flat("k_a"))
    r, w, k, vh, a = map(rows, (r, w, k, v, a))
    state, out = x.new_zeros(heads, size, size), []  # [value, key]
    for t in range(len(x)):
        state = (state * w[t, :, None, :] + (state * -kk[t, :, None, :]).sum(-1, keepdim=True) * (kk[t] * a[t])[:, None, :]
                 + vh[t, :, :, None] * k[t, :, None, :])
        out.append((state * r[t, :, None, :]).sum(-1))
    y = group_norm(torch.stack(out), p, heads, eps)
    y = y + ((r * k * p["r_k"]).sum(-1, keepdim=True) * vh).reshape(len(x), -1)
    return (y * g) @ p["output.weight"].T, first


def goose_channel(x, p):
    k = x + (previous(x) - x) * p["x_k"].reshape(-1)
    return torch.relu(k @ p["key.weight"].T) ** 2 @ p["value.weight"].T


def logits(p, ids, time_mix, channel_mix, eps):
    norm = lambda x, n: F.layer_norm(x, x.shape[-1:], p[n + ".weight"], p[n + ".bias"], 1e-5)
    part = lambda prefix: {n[len(prefix):]: w for n, w in p.items() if n.startswith(prefix)}
    rows = []
    for sequence in ids:
        x, first, i = norm(p["emb.weight"][sequence], "blocks.0.ln0"), None, 0
        while f"blocks.{i}.ln1.weight" in p:
            y, first = time_mix(norm(x, f"blocks.{i}.ln1"), part(f"blocks.{i}.att."), eps, first)
            x = x + y
            x = x + channel_mix(norm(x, f"blocks.{i}.ln2"), part(f"blocks.{i}.ffn."))
            i += 1
        rows.append(norm(x, "ln_out") @ p["head.weight"].T)
    return torch.stack(rows)


def computed(weights, ids, time_mix, channel_mix, eps):
    """golden and gradients of these weights, in double precision, and how far single precision is off."""
    results = {}
    for dtype in (torch.float64, torch.float32):
        p = {n: w.to(dtype).requires_grad_() for n, w in weights.items()}
        y = logits(p, ids, time_mix, channel_mix, eps)
        loss = F.cross_entropy(y[:, :-1].reshape(-1, y.shape[-1]), ids[:, 1:].reshape(-1))
        loss.backward()
        results[dtype] = y.detach(), loss.detach(), {n: torch.zeros_like(w) if w.grad is None else w.grad for n, w in p.items()}
    y, loss, grads = results[torch.float64]
    with torch.no_grad():
        p = {n: w.double() for n, w in weights.items()}
        sequence, steps = ids[:1, :PROMPT], []
        for _ in range(GREEDY):
            steps.append(logits(p, sequence, time_mix, channel_mix, eps)[:, -1])
            sequence = torch.cat([sequence, steps[-1].argmax(-1, keepdim=True)], 1)
    greedy = torch.stack(steps, 1)
    top = greedy.topk(2).values
    norm = sum((g ** 2).sum() for g in grads.values()).sqrt()
    single = results[torch.float32]
    meta = {"loss": loss.item(), "grad_norm": norm.item(), "logits_std": y.std().item(),
            "logits_noise": (single[0] - y).abs().max().item(),
            "gradient_noise": (sum(((single[2][n] - g) ** 2).sum() for n, g in grads.items()).sqrt() / norm).item(),
            "greedy_margin": (top[..., 0] - top[..., 1]).min().item()}
    assert meta["logits_noise"] < 2e-5 * meta["logits_std"] and meta["gradient_noise"] < 1e-4 and meta["greedy_margin"] > 0.01, meta
    golden = {"input_ids": ids, "logits": y.float(), "loss": loss.float().reshape(1), "greedy_ids": sequence[:, PROMPT:],
              "greedy_logits": greedy.float()}
    return golden, {n: g.float() for n, g in grads.items()}, meta


def transformers_names(name):
    name = re.sub(r"^emb\.", "embeddings.", name).replace("blocks.0.ln0", "blocks.0.pre_ln")
    name = name.replace(".att.", ".attention.").replace(".ffn.", ".feed_forward.")
    return name if name == "head.weight" else "rwkv." + name


def eagle_to_transformers(tensors):
    spelled = {"k": "key", "v": "value", "r": "receptance", "g": "gate"}
    return {transformers_names(re.sub(r"time_mix_([kvrg])$", lambda m: "time_mix_" + spelled[m[1]], n)): w
            for n, w in tensors.items()}


def finch_to_transformers(tensors):
    out = {}
    for n, w in tensors.items():
        if n.endswith("time_maa_w1"):
            w = F.pad(w.view(len(w), 5, -1), (0, 32 - w.shape[1] // 5)).reshape(len(w), -1)
        elif n.endswith("time_maa_w2"):
            w = F.pad(w, (0, 0, 0, 32 - w.shape[1]))
        elif n.endswith("time_decay_w1"):
            w = F.pad(w, (0, 64 - w.shape[1]))
        elif n.endswith("time_decay_w2"):
            w = F.pad(w, (0, 0, 0, 64 - w.shape[0]))
        out[transformers_names(n)] = w
    return out


def fla_name(name):
    ends = {"emb.weight": "model.embeddings.weight", "ln_out.weight": "model.norm.weight", "ln_out.bias": "model.norm.bias",
            "head.weight": "lm_head.weight"}
    if name in ends:
        return ends[name]
    for old, new in (("blocks.", "model.layers."), (".att.", ".attn."), (".ln0.", ".pre_norm."), (".ln1.", ".attn_norm."),
                     (".ln2.", ".ffn_norm.")):
        name = name.replace(old, new)
    return name


def finch_to_fla(tensors):
    out = {}
    linear = {"receptance": "r_proj.linear", "key": "k_proj.linear", "value": "v_proj.linear", "gate": "g_proj.linear",
              "output": "o_proj", "ln_x": "g_norm"}
    for n, w in tensors.items():
        n = fla_name(n)
        layer, _, last = n.partition(".attn.")
        if last:
            n = layer + ".attn." + {"time_maa_x": "x_proj.0.mu", "time_decay_w1": "w_proj.linear.lora.0.weight",
                                    "time_decay_w2": "w_proj.linear.lora.2.weight", "time_decay": "w_proj.linear.lora.2.bias",
                                    "time_faaaa": "bonus"}.get(last, re.sub(r"^(\w+)\.", lambda m: linear[m[1]] + ".", last))
            if last == "time_maa_w1":
                parts = w.view(len(w), 5, -1)[:, [3, 0, 1, 2, 4]]
                n, w = layer + ".attn.x_proj.0.linear.weight", parts.reshape(len(w), -1).T
            elif last == "time_maa_w2":
                n, w = layer + ".attn.x_proj.2.weight", w[[3, 0, 1, 2, 4]].reshape(-1, w.shape[-1]).T
            elif re.fullmatch("time_maa_[rwkvg]", last):
                if last[-1] == "r":
                    stem = f"{layer.replace('model.layers', 'blocks')}.att.time_maa_"
                    out[layer + ".attn.x_bias"] = torch.stack([tensors[stem + c].reshape(-1) for c in "rwkvg"])
                continue
            elif last in ("time_decay_w1", "time_decay_w2"):
                w = w.T
            elif last in ("time_maa_x", "time_decay"):
                w = w.reshape(-1)
        elif ".ffn." in n:
            n = re.sub(r"time_maa_([kr])$", lambda m: {"k": "key", "r": "receptance"}[m[1]] + ".mu", n)
            n = re.sub(r"ffn\.(key|receptance)\.weight$", r"ffn.\1.linear.weight", n)
            w = w.reshape(-1) if n.endswith(".mu") else w
        out[n] = w
    return out


def goose_to_fla(tensors):
    out = {}
    linear = {"receptance": "r_proj", "key": "k_proj", "value": "v_proj", "output": "o_proj", "ln_x": "g_norm"}
    for n, w in tensors.items():
        n = fla_name(n)
        layer, _, last = n.partition(".attn.")
        low = re.fullmatch("([wvag])([012])", last)
        if low:
            n = f"{layer}.attn.{low[1]}_lora.lora." + {"0": "2.bias", "1": "0.weight", "2": "2.weight"}[low[2]]
            w = w.reshape(-1) if low[2] == "0" else w.T
        elif last:
            n = layer + ".attn." + re.sub(r"^(\w+)\.", lambda m: linear[m[1]] + ".", last)
            w = w.reshape(-1) if last in ("k_k", "k_a") else w
        elif n.endswith("ffn.x_k"):
            w = w.reshape(-1)
        out[n] = w
    return out


def write(out, name, config, weights, gradients, golden, meta, convert):
    folder = os.path.join(out, name)
    os.makedirs(folder, exist_ok=True)
    dense = lambda tensors: {n: w.contiguous() for n, w in convert(tensors).items()}
    save_file(dense(weights), os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    save_file(dense(gradients), os.path.join(folder, "grads.safetensors"))
    save_file({n: w.contiguous() for n, w in golden.items()}, os.path.join(folder, "golden.safetensors"))
    shapes = {n: list(w.shape) for n, w in sorted(dense(weights).items())}
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump(config, f, indent=1)
    with open(os.path.join(folder, "meta.json"), "w") as f:
        json.dump({"family": config["model_type"], "oracle": "rwkv_dialects", "dtype": "f32", "reference": "f64",
                   "parameters": sum(w.numel() for w in convert(weights).values()), **meta, "tensors": shapes}, f, indent=1)
    print(name, meta)


def main():
    fixtures, out = sys.argv[1:]
    torch.set_num_threads(2)
    read = lambda name, file: load_file(os.path.join(fixtures, name, file + ".safetensors"))
    hf = {"attention_hidden_size": 32, "bos_token_id": 0, "eos_token_id": 0, "head_size": 8, "hidden_size": 32,
          "intermediate_size": None, "layer_norm_epsilon": 1e-5, "num_hidden_layers": 3, "rescale_every": 6,
          "tie_word_embeddings": False, "use_cache": True, "vocab_size": 128}
    for version, convert, architecture in ((5, eagle_to_transformers, "Rwkv5ForCausalLM"), (6, finch_to_transformers, "Rwkv6ForCausalLM")):
        name = f"rwkv{version}"
        with open(os.path.join(fixtures, name, "meta.json")) as f:
            meta = {k: v for k, v in json.load(f).items() if k in ("loss", "grad_norm", "logits_std")}
        write(out, name + "-hf", {"architectures": [architecture], "model_type": name, **hf}, read(name, "model"),
              read(name, "grads"), read(name, "golden"), meta, convert)
    fla = {"attn": None, "hidden_act": "sqrelu", "hidden_size": 32, "norm_bias": True, "norm_eps": 1e-5, "norm_first": True,
           "num_hidden_layers": 3, "tie_word_embeddings": False, "vocab_size": 128, "fuse_norm": False}
    finch_config = {"architectures": ["RWKV6ForCausalLM"], "model_type": "rwkv6", **fla, "expand_k": 1.0, "expand_v": 1.0,
                    "num_heads": 4, "proj_low_rank_dim": 5, "gate_low_rank_dim": 6, "hidden_ratio": 3.5, "intermediate_size": 96}
    goose_config = {"architectures": ["RWKV7ForCausalLM"], "model_type": "rwkv7", **fla, "head_dim": 8, "decay_low_rank_dim": 5,
                    "a_low_rank_dim": 6, "v_low_rank_dim": 4, "gate_low_rank_dim": 7, "hidden_ratio": 4.0,
                    "intermediate_size": 128, "value_dim": [32, 32, 32]}
    for name, mixes, eps, config, convert in (("rwkv6", (finch, finch_channel), 1e-5, finch_config, finch_to_fla),
                                              ("rwkv7", (goose, goose_channel), 8e-5, goose_config, goose_to_fla)):
        weights, golden = read(name, "model"), read(name, "golden")
        with torch.no_grad():
            mine = logits({n: w.double() for n, w in weights.items()}, golden["input_ids"], *mixes, 64e-5)
        difference = (mine - golden["logits"]).abs().max().item() / golden["logits"].std().item()
        print(name, "difference from the authors' modules", difference)
        assert difference < 2e-6
        golden, gradients, meta = computed(weights, golden["input_ids"], *mixes, eps)
        write(out, name + "-fla", config, weights, gradients, golden, meta, convert)


main()
