"""What kinds of compute there are, and how far each may be cut."""

import enum


class JobClass(enum.Enum):
    """What a pool of accelerators works on."""

    INTERACTIVE_INFERENCE = "interactive_inference"
    BATCH_INFERENCE = "batch_inference"
    FINETUNE = "finetune"
    PRETRAIN = "pretrain"
    ETL_RENDER_HPC = "etl_render_hpc"
    DEV_TEST_IDLE = "dev_test_idle"


class Tier(enum.Enum):
    """How flexible jobs are; the value is the largest cut of their power, 0..1.

    Source:
        Field trial of May 2025 in Phoenix, ai-emerald/emerald-ai-demo-may-2025, Fig2_data.xlsx:
        least average performance 0.90, 0.75 and 0.50. Taking the same share as the largest cut
        of power is on the safe side, since a cut of power costs less than its share of work.
    """

    FLEX0 = 0.0
    FLEX1 = 0.10
    FLEX2 = 0.25
    FLEX3 = 0.50
