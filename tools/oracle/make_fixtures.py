#!/usr/bin/env python3
"""Writes tiny random checkpoints with golden values computed by Hugging Face Transformers (5.17, eager, CPU).

    python3 tools/oracle/make_fixtures.py OUT            all architectures below, side by side
    python3 tools/oracle/make_fixtures.py OUT NAME...    these

OUT/NAME holds config.json and model.safetensors as `save_pretrained` publishes them, and

    golden.safetensors  input_ids [2, 37], logits of a full forward, loss (mean over all next-token predictions),
                        greedy_ids and greedy_logits: 24 tokens after input_ids[0, :16], end of text ignored
    grads.safetensors   d loss / d parameter under the checkpoint's names
    meta.json           sizes, and how far single precision and cached decoding are from the reference

The reference runs in double precision throughout: every cast to float32 inside the model becomes one to float64.
Draws whose logits or gradients react too strongly to rounding, or whose greedy choices are close, are rejected.
"""
import copy
import json
import os
import subprocess
import sys
import tempfile

LENGTH = 37
PROMPT = 16
GREEDY = 24

TINY = dict(vocab_size=128, hidden_size=32, intermediate_size=48, num_attention_heads=4, num_key_value_heads=2,
            bos_token_id=1, eos_token_id=2, pad_token_id=0)
DELTA = dict(linear_conv_kernel_dim=4, linear_key_head_dim=8, linear_num_key_heads=2, linear_num_value_heads=4,
             linear_value_head_dim=8)


def like(fixture, **changes):
    """The keys of an existing fixture, some of them changed."""
    with open(os.path.join(os.path.dirname(__file__), "../../testdata/fixtures", fixture, "config.json")) as f:
        keys = json.load(f, object_hook=lambda o: float(o["__float__"]) if "__float__" in o else o)
    for key in ("architectures", "model_type", "dtype", "transformers_version", "num_hidden_layers"):
        if key != "num_hidden_layers" or "layers_block_type" in changes:
            keys.pop(key, None)
    return keys | changes


def architectures():
    """name: (configuration class, model class, keys, stored type)"""
    return {
        "mixtral": ("MixtralConfig", "MixtralForCausalLM", dict(TINY, intermediate_size=24, num_hidden_layers=3,
                    num_local_experts=4, num_experts_per_tok=2, max_position_embeddings=256), "float32"),
        "gemma": ("GemmaConfig", "GemmaForCausalLM", dict(TINY, num_key_value_heads=1, head_dim=16,
                  num_hidden_layers=3, max_position_embeddings=256), "float32"),
        "gemma2": ("Gemma2Config", "Gemma2ForCausalLM", dict(TINY, head_dim=16, num_hidden_layers=4,
                   query_pre_attn_scalar=12, sliding_window=8, attn_logit_softcapping=4.0, final_logit_softcapping=6.0,
                   max_position_embeddings=256), "float32"),
        "gemma3_text": ("Gemma3TextConfig", "Gemma3ForCausalLM", dict(TINY, head_dim=16, num_hidden_layers=6,
                        query_pre_attn_scalar=12, sliding_window=8, sliding_window_pattern=3,
                        rope_scaling=dict(rope_type="linear", factor=8.0), max_position_embeddings=256), "float32"),
        "qwen2": ("Qwen2Config", "Qwen2ForCausalLM", dict(TINY, num_hidden_layers=3, max_position_embeddings=256), "float32"),
        "qwen3": ("Qwen3Config", "Qwen3ForCausalLM", dict(TINY, head_dim=16, num_hidden_layers=3,
                  max_position_embeddings=256), "bfloat16"),
        "qwen3_5": ("Qwen3_5TextConfig", "Qwen3_5ForCausalLM", dict(TINY, head_dim=16, num_hidden_layers=4, **DELTA,
                    max_position_embeddings=256), "float32"),
        "qwen3_5_moe": ("Qwen3_5MoeTextConfig", "Qwen3_5MoeForCausalLM", dict(
                        {k: v for k, v in TINY.items() if k != "intermediate_size"}, head_dim=16, num_hidden_layers=3,
                        layer_types=["linear_attention", "full_attention", "linear_attention"],
                        moe_intermediate_size=16, shared_expert_intermediate_size=24, num_experts=4, num_experts_per_tok=2,
                        **DELTA, max_position_embeddings=256), "float32"),
        "lfm2_moe": ("Lfm2MoeConfig", "Lfm2MoeForCausalLM", dict(TINY, num_hidden_layers=4, num_dense_layers=1,
                     moe_intermediate_size=16, num_experts=4, num_experts_per_tok=2, routed_scaling_factor=1.5,
                     layer_types=["conv", "full_attention", "conv", "conv"], max_position_embeddings=256), "float32"),
        "granitemoehybrid-dense": ("GraniteMoeHybridConfig", "GraniteMoeHybridForCausalLM", like("granitemoehybrid",
                                   num_local_experts=0, num_experts_per_tok=0), "float32"),
        "nemotron_h-moe": ("NemotronHConfig", "NemotronHForCausalLM", like("nemotron_h", moe_intermediate_size=16,
                           layers_block_type=["linear_attention", "moe", "full_attention", "moe"], n_routed_experts=8,
                           moe_shared_expert_intermediate_size=24, n_group=2, topk_group=1, routed_scaling_factor=1.5), "float32"),
        "nemotron_h-latent": ("NemotronHConfig", "NemotronHForCausalLM", like("nemotron_h", moe_intermediate_size=16,
                              layers_block_type=["linear_attention", "moe", "full_attention", "moe"], n_routed_experts=4,
                              moe_shared_expert_intermediate_size=24, moe_latent_size=12, routed_scaling_factor=2.5), "float32"),
        "kimi_linear": ("KimiLinearConfig", "KimiLinearForCausalLM", dict(TINY, num_key_value_heads=4, num_hidden_layers=4,
                        moe_intermediate_size=16, n_shared_experts=1, routed_scaling_factor=2.446, kv_lora_rank=16,
                        qk_rope_head_dim=4, qk_nope_head_dim=8, v_head_dim=8, n_group=1, topk_group=1,
                        num_experts_per_tok=2, num_local_experts=4, max_position_embeddings=256,
                        linear_attn_config=dict(full_attn_layers=[3], kda_layers=[1, 2, 4], head_dim=8, num_heads=4,
                                                short_conv_kernel_size=4), first_k_dense_replace=1), "float32"),
    }


def double_mode():
    import torch
    from torch.overrides import TorchFunctionMode

    class Double(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            if func is torch.Tensor.float:
                func = torch.Tensor.double
            swap = lambda x: torch.float64 if x is torch.float32 else x
            return func(*[swap(a) for a in args], **{k: swap(v) for k, v in (kwargs or {}).items()})

    return Double()


def draw(model, dtype, generator):
    """Weights far from their gentle initial values, so that every part of the model matters."""
    import torch
    normal = lambda p, s: torch.randn(p.shape, generator=generator) * s
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if name.endswith("dt_bias") and model.config.model_type == "nemotron_h":
                # Transformers bounds time steps from below (time_step_min) in its chunked form alone: stay above
                p.copy_(normal(p, 0.5) - 1)
            elif name.endswith(("A_log", "dt_bias")):
                p += normal(p, 0.2)
            elif "conv" in name and p.dim() == 3:
                p.copy_(normal(p, p.shape[-1] ** -0.5))
            elif "embed_tokens" in name:
                p.copy_(normal(p, 0.5))
            elif p.dim() >= 2:
                p.copy_(normal(p, 1.2 * p.shape[-1] ** -0.5))
            else:
                p += normal(p, 0.2)
        for name, b in sorted(model.named_buffers()):
            if name.endswith(("expert_bias", "e_score_correction_bias")):
                b.copy_(normal(b, 0.1))
        for x in list(model.parameters()) + [b for n, b in model.named_buffers() if n.endswith("bias")]:
            x.copy_(x.to(dtype).float())


def loss_of(model, ids):
    import torch
    logits = model(input_ids=ids, use_cache=False).logits
    return logits, torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1))


def gradients(model, ids):
    import torch
    model.zero_grad(set_to_none=True)
    _, loss = loss_of(model, ids)
    loss.backward()
    return {n: (torch.zeros_like(p) if p.grad is None else p.grad).double() for n, p in model.named_parameters()}


def decode(model, ids):
    """Logits of a prompt, then of token after token with a cache."""
    import torch
    step = model(input_ids=ids[:, :PROMPT], use_cache=True)
    logits = [step.logits.double()]
    for t in range(PROMPT, ids.shape[1]):
        step = model(input_ids=ids[:, t:t + 1], past_key_values=step.past_key_values, use_cache=True)
        logits.append(step.logits.double())
    return torch.cat(logits, 1)


def distance(a, b):
    """‖a − b‖ / ‖b‖ over all tensors"""
    return (sum(((a[n] - b[n]) ** 2).sum() for n in b) / sum((b[n] ** 2).sum() for n in b)).sqrt().item()


def make(name, out):
    import torch
    import transformers
    from safetensors.torch import load_file, save_file
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    config_class, model_class, keys, type_name = architectures()[name]
    dtype = getattr(torch, type_name)
    config = getattr(transformers, config_class)(**copy.deepcopy(keys))
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    for seed in range(150):
        generator = torch.Generator().manual_seed(1000 * sum(name.encode()) + seed)
        torch.manual_seed(seed)
        model = getattr(transformers, model_class)._from_config(copy.deepcopy(config), dtype=torch.float32).eval()
        model.generation_config = transformers.GenerationConfig()
        draw(model, dtype, generator)
        exact = copy.deepcopy(model).double()
        ids = torch.randint(3, keys["vocab_size"], (2, LENGTH), generator=generator)
        with double_mode(), torch.no_grad():
            logits, loss = loss_of(exact, ids)
            assert logits.dtype == torch.float64
            sequence = ids[:1, :PROMPT]
            steps = []
            for _ in range(GREEDY):
                steps.append(exact(input_ids=sequence, use_cache=False).logits[:, -1])
                sequence = torch.cat([sequence, steps[-1].argmax(-1, keepdim=True)], 1)
            greedy = torch.stack(steps, 1)
            nudged = copy.deepcopy(exact)
            for p in nudged.parameters():
                p *= 1 + 1e-6 * torch.randn(p.shape, generator=generator)
            reaction = (loss_of(nudged, ids)[0] - logits).abs().max() / logits.std()
        with torch.no_grad():
            single = loss_of(model, ids)[0].double()
            cached = decode(model, ids)
        with double_mode():
            grads = gradients(exact, ids)
        noise = (single - logits).abs().max().item()
        gradient_noise = distance(gradients(model, ids), grads)
        top = greedy.topk(2, -1).values
        margin = (top[..., 0] - top[..., 1]).min().item()
        std = logits.std().item()
        cached_difference = (cached - logits).abs().max().item()
        print(name, "seed", seed, "noise", noise / std, "gradient noise", gradient_noise, "margin", margin, "std", std,
              "reaction", reaction.item(), "cached", cached_difference / std, flush=True)
        if (noise <= 2e-5 * std and gradient_noise <= 1e-4 and margin >= 0.02 and reaction <= 2e-4
                and cached_difference <= 1e-4 * std):
            break
    else:
        raise SystemExit(f"{name}: no well-conditioned draw")

    folder = os.path.join(out, name)
    stored = copy.deepcopy(model).to(dtype)
    stored.save_pretrained(folder)
    again = getattr(transformers, model_class).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        difference = (loss_of(again, ids)[0] - loss_of(model, ids)[0]).abs().max().item()
        assert difference <= 2e-5 * std, f"the stored checkpoint differs from the model by {difference}"
    published = load_file(os.path.join(folder, "model.safetensors"))
    save_file(published, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    carrier = copy.deepcopy(model)
    with torch.no_grad():
        for n, p in carrier.named_parameters():
            p.copy_(grads[n])
        for n, b in carrier.named_buffers():
            if n.endswith(("expert_bias", "e_score_correction_bias")):
                b.zero_()
    with tempfile.TemporaryDirectory() as scratch:
        carrier.save_pretrained(scratch)
        named = load_file(os.path.join(scratch, "model.safetensors"))
    assert named.keys() == published.keys(), sorted(named.keys() ^ published.keys())
    save_file(named, os.path.join(folder, "grads.safetensors"))
    save_file({"input_ids": ids.contiguous(), "logits": logits.float().contiguous(), "loss": loss.float().reshape(1),
               "greedy_ids": sequence[:, PROMPT:].contiguous(), "greedy_logits": greedy.float().contiguous()},
              os.path.join(folder, "golden.safetensors"))
    meta = {"family": name.split("-")[0], "transformers": transformers.__version__, "torch": torch.__version__,
            "dtype": {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}[type_name], "reference": "f64",
            "parameters": sum(p.numel() for p in model.parameters()), "loss": loss.item(),
            "grad_norm": sum((g ** 2).sum() for g in grads.values()).sqrt().item(), "logits_std": std,
            "logits_noise": noise, "gradient_noise": gradient_noise, "cached_decode_difference": cached_difference,
            "greedy_margin": margin, "tensors": {n: list(t.shape) for n, t in sorted(published.items())}}
    with open(os.path.join(folder, "meta.json"), "w") as f:
        json.dump(meta, f, indent=1)
    generation = os.path.join(folder, "generation_config.json")
    if os.path.exists(generation):
        os.remove(generation)
    print(name, "written:", meta["parameters"], "parameters, seed", seed, flush=True)


def main():
    out, names = sys.argv[1], sys.argv[2:]
    if len(names) == 1:
        make(names[0], out)
        return
    runs = {n: subprocess.Popen([sys.executable, __file__, out, n], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for n in names or architectures()}
    failed = []
    for n, run in runs.items():
        print(run.communicate()[0])
        failed += [n] if run.returncode else []
    if failed:
        raise SystemExit("failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
