"""The product's own template on a local cloud of its own."""


def test_every_resource_of_the_template_is_made(local_cloud, cloud_session):
    stacks = cloud_session.client("cloudformation")
    made = stacks.describe_stack_resources(StackName=local_cloud.stack_name)["StackResources"]
    assert {r["ResourceStatus"] for r in made} == {"CREATE_COMPLETE"}
    types = {r["ResourceType"] for r in made}
    assert {"AWS::Batch::JobDefinition", "AWS::Lambda::LayerVersion", "AWS::Events::Rule"} <= types


def test_the_trainer_is_the_program_of_this_checkout(cloud_session):
    batch = cloud_session.client("batch")
    definitions = batch.describe_job_definitions()["jobDefinitions"]
    assert [d["containerProperties"]["image"] for d in definitions] == ["local/trainer"]
    assert definitions[0]["retryStrategy"]["attempts"] == 6
