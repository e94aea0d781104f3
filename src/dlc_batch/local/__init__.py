"""The local cloud: the product's own template on one computer, without an AWS account.

`dlc-batch local up` starts one process on 127.0.0.1 (`server`): an AWS emulator (MiniStack)
with what it lacks hooked in (`hooks`): Batch jobs as real processes, Batch in CloudFormation,
and e-mail by SMTP into a local mailbox. Then it deploys `template.yaml` there as it is.

    cli/local.py > lifecycle > server (process) > hooks > batch_api > batch_runner > batch_process
                   lifecycle > deploy > artifacts
                   cloud (what a client needs to find a running one; imports nothing heavy)
"""
