#!/usr/bin/env python3
"""Trains a small Falcon-H1 with Hugging Face Transformers and PyTorch on the CPU, and prints speed and losses as JSON.

    python3 tools/oracle/train_speed.py OUT --threads 16

Needs torch and transformers 5.17. OUT gets what another program needs to train the same model on the same tokens:

    model/           config.json and model.safetensors, the weights before the first step
    documents.jsonl  one document for each sequence of the batch
    tokenizer/       one token for each byte, and <|endoftext|>, which ends each document

Every step reads the same batch, the beginnings of the bundled stories: all documents once, each with one token more
than `--length`, of which the last is only predicted. So the order of the documents does not matter and the losses of
every step can be compared. All is f32. The optimizer is AdamW (fused if this PyTorch has it) with one rate, decay of
matrices alone, and the gradient's norm clipped to 1.

Transformers' Mamba-2 without a GPU works in chunks, whose size changes its speed and not its results. A trial step of
each of `--chunks` finds the fastest, and that one is measured.
"""
import argparse
import json
import lzma
import os
import statistics
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
END = 256
VOCABULARY = 4096

CONFIG = dict(
    vocab_size=VOCABULARY, hidden_size=256, intermediate_size=768, num_hidden_layers=8, num_attention_heads=8,
    num_key_value_heads=2, mamba_d_ssm=384, mamba_n_heads=6, mamba_d_head=64, mamba_d_state=64, mamba_n_groups=1,
    mamba_d_conv=4, mamba_chunk_size=128, mamba_rms_norm=False, mamba_norm_before_gate=False,
    max_position_embeddings=4096, tie_word_embeddings=True, rope_parameters=dict(rope_type="default", rope_theta=1e4),
    embedding_multiplier=4.0, lm_head_multiplier=0.5, key_multiplier=0.5, attention_in_multiplier=1.0,
    attention_out_multiplier=0.9, ssm_in_multiplier=1.25, ssm_out_multiplier=0.5, mlp_multipliers=[0.9, 0.5],
    ssm_multipliers=[0.5, 0.5, 0.5, 0.75, 0.5], pad_token_id=VOCABULARY - 1, bos_token_id=VOCABULARY - 2, eos_token_id=END)


def documents(batch, length):
    """The batch's documents: `length` ASCII characters each."""
    with lzma.open(os.path.join(ROOT, "data", "stories.txt.xz"), "rt", encoding="utf-8") as f:
        stories = f.read().split("<|endoftext|>")
    texts = []
    for story in stories:
        text = "".join(c for c in story if c.isascii()).strip()[:length]
        if len(text) == length and text not in texts:
            texts.append(text)
        if len(texts) == batch:
            return texts
    raise SystemExit(f"train_speed: the stories give {len(texts)} documents of {length} characters, not {batch}")


def alphabet():
    """The characters by which byte-level tokenizers write the 256 bytes."""
    own = set(range(33, 127)) | set(range(161, 173)) | set(range(174, 256))
    others = iter(range(256, 512))
    return [chr(b) if b in own else chr(next(others)) for b in range(256)]


def write_data(out, texts):
    with open(os.path.join(out, "documents.jsonl"), "w") as f:
        for text in texts:
            f.write(json.dumps({"text": text}) + "\n")
    folder = os.path.join(out, "tokenizer")
    os.makedirs(folder, exist_ok=True)
    level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    end = dict(id=END, content="<|endoftext|>", single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    vocab = {c: i for i, c in enumerate(alphabet())} | {"<|endoftext|>": END}
    model = dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None,
                 fuse_unk=False, byte_fallback=False, ignore_merges=False, vocab=vocab, merges=[])
    with open(os.path.join(folder, "tokenizer.json"), "w") as f:
        json.dump(dict(version="1.0", truncation=None, padding=None, added_tokens=[end], normalizer=None, pre_tokenizer=level,
                       post_processor=None, decoder=level, model=model), f)
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
        json.dump(dict(tokenizer_class="PreTrainedTokenizerFast", eos_token="<|endoftext|>", add_bos_token=False,
                       add_eos_token=False), f)


def main():
    parser = argparse.ArgumentParser(description="Training speed of a small Falcon-H1 in PyTorch, as JSON.")
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--steps", type=int, default=20, help="steps, warm-up included")
    parser.add_argument("--warm-up", type=int, default=4, help="steps that are not timed")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--chunks", default="16,32,64,128,256")
    parser.add_argument("--compile", action="store_true", help="use torch.compile")
    args = parser.parse_args()

    import torch
    import torch.nn.functional as F
    import transformers
    from transformers import FalconH1Config, FalconH1ForCausalLM

    os.makedirs(args.out, exist_ok=True)
    texts = documents(args.batch, args.length)
    write_data(args.out, texts)
    ids = torch.tensor([list(text.encode("ascii")) + [END] for text in texts])
    inputs, targets = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()

    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    model = FalconH1ForCausalLM(FalconH1Config(**CONFIG)).float().train()
    model.save_pretrained(os.path.join(args.out, "model"))
    forward = torch.compile(model) if args.compile else model

    def gradients():
        logits = forward(input_ids=inputs, use_cache=False).logits
        loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), targets.reshape(-1))
        loss.backward()
        return loss.item()

    def chunked(size):
        for layer in model.model.layers:
            layer.mamba.chunk_size = size

    trials = {}
    for size in [int(part) for part in args.chunks.split(",")]:
        chunked(size)
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            gradients()
            seconds.append(time.perf_counter() - start)
            model.zero_grad(set_to_none=True)
        trials[size] = min(seconds)
    chunk = min(trials, key=trials.get)
    chunked(chunk)

    matrices = [p for p in model.parameters() if p.ndim == 2]
    plain = [p for p in model.parameters() if p.ndim != 2]
    groups = [dict(params=matrices, weight_decay=0.1), dict(params=plain, weight_decay=0.0)]
    settings = dict(lr=args.rate, betas=(0.9, 0.95), eps=1e-8)
    try:
        optimizer, kind = torch.optim.AdamW(groups, fused=True, **settings), "fused"
    except (RuntimeError, TypeError, ValueError):
        optimizer, kind = torch.optim.AdamW(groups, **settings), "unfused"

    losses, norms, seconds = [], [], []
    for _ in range(args.steps):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        losses.append(gradients())
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    timed = seconds[min(args.warm_up, len(seconds) - 1):]
    print(json.dumps(dict(
        program=f"Transformers {transformers.__version__}, PyTorch {torch.__version__}" + (", compiled" if args.compile else ""),
        parameters=sum(p.numel() for p in model.parameters()), threads=args.threads, batch=args.batch, length=args.length,
        optimizer=kind, chunk=chunk, chunk_trials=trials, tokens_per_second=inputs.numel() / statistics.median(timed),
        step_seconds=seconds, losses=losses, gradient_norms=norms)))


if __name__ == "__main__":
    main()
