"""Registers buf/validate/validate.proto from the installed protovalidate package."""

from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
from google.protobuf.descriptor_pool import Default
from protovalidate import ViolationPb

DESCRIPTOR = Default().AddSerializedFile(ViolationPb.desc().file.proto.to_binary())
