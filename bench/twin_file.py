"""Containers: safetensors, plain or, to be read, in zstd frames."""
import json
import struct
import subprocess

import numpy

TYPES = {'U8': 'u1', 'I8': 'i1', 'U16': '<u2', 'I16': '<i2', 'U32': '<u4',
         'I32': '<i4', 'U64': '<u8', 'I64': '<i8', 'F16': '<f2', 'F32': '<f4',
         'F64': '<f8'}


def read(path):
    """Tensors by name, and the metadata."""
    with open(path, 'rb') as file:
        data = file.read()
    if data.startswith(b'\x28\xb5\x2f\xfd'):
        data = subprocess.run(['zstd', '-dcq'], input=data, check=True,
                              stdout=subprocess.PIPE).stdout
    start = 8 + struct.unpack_from('<Q', data)[0]
    header = json.loads(data[8:start])
    metadata = header.pop('__metadata__', {})
    return {name: numpy.frombuffer(
        data[start + x['data_offsets'][0]:start + x['data_offsets'][1]],
        TYPES[x['dtype']]).reshape(x['shape'])
        for name, x in header.items()}, metadata


def write(path, tensors, metadata):
    """All tensors as F32, the plain form."""
    tensors = {name: numpy.ascontiguousarray(x, '<f4')
               for name, x in tensors.items()}
    header, offset = {'__metadata__': metadata}, 0
    for name, x in tensors.items():
        header[name] = {'dtype': 'F32', 'shape': x.shape,
                        'data_offsets': [offset, offset + x.nbytes]}
        offset += x.nbytes
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as out:
        out.write(struct.pack('<Q', len(text)) + text)
        for x in tensors.values():
            out.write(x.tobytes())
