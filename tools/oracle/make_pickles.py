"""Writes testdata/pickle with torch.save itself; needs PyTorch and nothing else.

    python tools/oracle/make_pickles.py testdata/fixtures testdata/pickle
"""
import argparse, collections, json, os, struct, sys, torch

fixtures, out = sys.argv[1:]
os.makedirs(out, exist_ok=True)
old = dict(_use_new_zipfile_serialization=False)


def save(value, name, **options):
    torch.save(value, f"{out}/{name}", **options)


def convert(family, name, **options):
    raw = open(f"{fixtures}/{family}/model.safetensors", "rb").read()
    n, = struct.unpack("<Q", raw[:8])
    tensors = {}
    for k, e in json.loads(raw[8:8 + n]).items():
        if k != "__metadata__":
            a, b = e["data_offsets"]
            assert e["dtype"] == "F32"
            tensors[k] = torch.frombuffer(bytearray(raw[8 + n + a:8 + n + b]), dtype=torch.float32).reshape(e["shape"])
    save(tensors, name, **options)


base = torch.arange(48.0).reshape(6, 8) / 8
types = collections.OrderedDict((t, torch.arange(12).reshape(3, 4).to(getattr(torch, t))) for t in
    "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split())
types.update(base=base, transposed=base.t(), permuted=base.reshape(2, 3, 8).permute(2, 0, 1), rows=base[2:4],
    columns=base[:, 3:5], expanded=base[:3, :1].expand(3, 4), scalar=torch.tensor(2.5), empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(base[0]))
save(types, "types.pt")
save(types, "types4.pt", pickle_protocol=4)
save(types, "types-old.pt", **old)
m = torch.nn.BatchNorm1d(3)
o = torch.optim.Adam(m.parameters())
m(base[:3, :3]).sum().backward()
o.step()
save(dict(model=m.state_dict(), optimizer=o.state_dict(), step=3, loss=.5, dtype=torch.bfloat16, note=None,
    shape=torch.Size([1, 2]), big=2 ** 100), "wrapped.pt")
save(dict(a=dict(w=base), b=[base[2], dict(c=base[3])]), "nested.pt")
save(m, "module.pt")
save(dict(w=base, args=argparse.Namespace(lr=1)), "namespace.pt")
save(dict(w=base.to(torch.float8_e4m3fn)), "float8.pt")


class Evil:
    def __reduce__(self):
        return os.system, ("echo executed",)


save(dict(w=base, x=Evil()), "evil.pt")
save(dict(w=base, x=Evil()), "evil-old.pt", **old)
convert("rwkv7", "rwkv7.pth")
convert("rwkv4", "rwkv4-old.pth", **old)
print(torch.__version__)
