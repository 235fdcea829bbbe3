"""What scripts for Personalize do again and again."""

import json
import time

INTERACTIONS = {
    "type": "record", "name": "Interactions", "namespace": "com.amazonaws.personalize.schema", "version": "1.0",
    "fields": [{"name": "USER_ID", "type": "string"}, {"name": "ITEM_ID", "type": "string"},
               {"name": "TIMESTAMP", "type": "long"}, {"name": "EVENT_TYPE", "type": "string"},
               {"name": "EVENT_VALUE", "type": ["null", "float"]},
               {"name": "DEVICE", "type": ["null", "string"], "categorical": True}]}
ITEMS = {
    "type": "record", "name": "Items", "namespace": "com.amazonaws.personalize.schema", "version": "1.0",
    "fields": [{"name": "ITEM_ID", "type": "string"}, {"name": "GENRE", "type": ["null", "string"], "categorical": True},
               {"name": "PRICE", "type": ["null", "float"]}, {"name": "CREATION_TIMESTAMP", "type": "long"}]}
USERS = {
    "type": "record", "name": "Users", "namespace": "com.amazonaws.personalize.schema", "version": "1.0",
    "fields": [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": ["null", "int"]}]}
ROLE = "arn:aws:iam::000000000000:role/personalize"


def wait_for(describe, member, limit_s=120, done="ACTIVE", **named):
    """What scripts do: ask until it is there or has failed."""
    deadline = time.monotonic() + limit_s
    while True:
        now = describe(**named)[member]
        if now["status"] == done or now["status"].endswith("FAILED"):
            assert now["status"] == done, now
            return now
        assert time.monotonic() < deadline, now
        time.sleep(0.1)


def why_failed(describe, member, **named):
    """The reason of a job that ends with none of its work done."""
    deadline = time.monotonic() + 120
    while not (now := describe(**named)[member])["status"].endswith("FAILED"):
        assert now["status"] not in ("ACTIVE", "COMPLETED") and time.monotonic() < deadline, now
        time.sleep(0.05)
    return now["failureReason"]


def make_group(personalize, name="shop", domain=None, **schemas):
    """A dataset group with a dataset of each schema; ARNs by type."""
    of_domain = {"domain": domain} if domain else {}
    group = personalize.create_dataset_group(name=name, **of_domain)["datasetGroupArn"]
    wait_for(personalize.describe_dataset_group, "datasetGroup", datasetGroupArn=group)
    datasets = {}
    for kind, schema in (schemas or {"interactions": INTERACTIONS}).items():
        schema = personalize.create_schema(name=f"{name}-{kind}", schema=json.dumps(schema), **of_domain)["schemaArn"]
        datasets[kind] = personalize.create_dataset(name=f"{name}-{kind}", schemaArn=schema, datasetGroupArn=group,
                                                    datasetType=kind)["datasetArn"]
    return group, datasets


def import_file(personalize, dataset, location, name, **options):
    arn = personalize.create_dataset_import_job(jobName=name, datasetArn=dataset, dataSource={"dataLocation": location},
                                                roleArn=ROLE, **options)["datasetImportJobArn"]
    return wait_for(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=arn)


def train(personalize, group, recipe, name=None, **options):
    """A solution and its first version, trained."""
    solution = personalize.create_solution(name=name or recipe, datasetGroupArn=group, performAutoTraining=False,
                                           recipeArn=f"arn:aws:personalize:::recipe/{recipe}", **options)["solutionArn"]
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    wait_for(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=version)
    return solution, version


def deploy(personalize, version, name, **options):
    campaign = personalize.create_campaign(name=name, solutionVersionArn=version, **options)["campaignArn"]
    wait_for(personalize.describe_campaign, "campaign", campaignArn=campaign)
    return campaign


def items_of(answer):
    return [one["itemId"] for one in answer["itemList"]]


def small_shop(people=60, items=12):
    """Interactions of people who each view four items beside each other, and buy the second, as a CSV."""
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE"]
    for who in range(people):
        for step in range(4):
            kind = "buy" if step == 1 else "view"
            lines.append(f"u{who},i{(who + step) % items},{1_760_000_000 + who * 100 + step},{kind},{step + 1},phone|tablet")
    return "\n".join(lines) + "\n"
