// The life of a small shop with AWS's SDK for JavaScript, against the server at AWS_ENDPOINT_URL. SDK is the folder that
// holds node_modules; the credentials are the environment's, as in any program that uses the SDK. Prints what it saw, as
// JSON; whatever is not as it should be ends it.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

const sdk = createRequire(process.env.SDK + "/");
const s3sdk = sdk("@aws-sdk/client-s3");
const { Upload } = sdk("@aws-sdk/lib-storage");
const { getSignedUrl } = sdk("@aws-sdk/s3-request-presigner");
const { Personalize, paginateListSchemas, paginateListRecipes, ResourceNotFoundException, ResourceAlreadyExistsException,
        InvalidInputException } = sdk("@aws-sdk/client-personalize");
const { PersonalizeRuntime } = sdk("@aws-sdk/client-personalize-runtime");
const { PersonalizeEvents } = sdk("@aws-sdk/client-personalize-events");

const region = "eu-central-1";
const s3 = new s3sdk.S3({ region, forcePathStyle: true });
const personalize = new Personalize({ region });
const runtime = new PersonalizeRuntime({ region });
const events = new PersonalizeEvents({ region });
const LIMIT_MS = 120_000;
const MiB = 1024 * 1024;

async function until(describe, member, done = "ACTIVE") {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const now = (await describe())[member];
    if (now.status === done) return now;
    assert(!now.status.endsWith("FAILED") && Date.now() < deadline, JSON.stringify(now));
    await sleep(100);
  }
}

const text = async (answer) => answer.Body.transformToString();

async function keep_objects() {
  const Bucket = "shop-files";
  await s3.createBucket({ Bucket });
  await s3sdk.waitUntilBucketExists({ client: s3, maxWaitTime: 30 }, { Bucket });

  // The SDK's own checksum: CRC32 in a header of what is in memory, in a trailer of what is streamed.
  const put = await s3.putObject({ Bucket, Key: "a b/ü+%41.txt", Body: "hello", Metadata: { colour: "blue" } });
  assert.equal(put.ETag, `"${createHash("md5").update("hello").digest("hex")}"`);
  assert.equal(put.ChecksumCRC32, "NhCmhg==");
  const streamed = randomBytes(300_000);
  await s3.putObject({ Bucket, Key: "streamed", Body: Readable.from([streamed.subarray(0, 7), streamed.subarray(7)]),
                       ContentLength: streamed.length });
  const back = await s3.getObject({ Bucket, Key: "streamed", ChecksumMode: "ENABLED" });
  assert.deepEqual(Buffer.from(await back.Body.transformToByteArray()), streamed);
  assert(back.ChecksumCRC32, "the trailer's checksum is kept");
  for (const ChecksumAlgorithm of ["CRC32C", "SHA1", "SHA256", "CRC64NVME"]) {
    const kept = await s3.putObject({ Bucket, Key: `sums/${ChecksumAlgorithm}`, Body: "hello", ChecksumAlgorithm });
    assert(kept[`Checksum${ChecksumAlgorithm}`], ChecksumAlgorithm);
    assert.equal(await text(await s3.getObject({ Bucket, Key: `sums/${ChecksumAlgorithm}`, ChecksumMode: "ENABLED" })), "hello");
  }
  await assert.rejects(s3.putObject({ Bucket, Key: "wrong", Body: "hello", ChecksumCRC32: "AAAAAA==" }),
                       (problem) => problem.name === "BadDigest" && problem.$metadata.httpStatusCode === 400);
  const named = await s3.headObject({ Bucket, Key: "a b/ü+%41.txt" });
  assert.deepEqual(named.Metadata, { colour: "blue" });
  assert.equal(await text(await s3.getObject({ Bucket, Key: "a b/ü+%41.txt", Range: "bytes=1-3" })), "ell");
  await assert.rejects(s3.getObject({ Bucket, Key: "none" }), s3sdk.NoSuchKey);
  await assert.rejects(s3.headObject({ Bucket, Key: "none" }), s3sdk.NotFound);
  await assert.rejects(s3.createBucket({ Bucket: "Not A Bucket" }), (problem) => problem.$metadata.httpStatusCode === 400);

  const large = randomBytes(11 * MiB);
  await new Upload({ client: s3, partSize: 5 * MiB, params: { Bucket, Key: "large", Body: large } }).done();
  await s3sdk.waitUntilObjectExists({ client: s3, maxWaitTime: 30 }, { Bucket, Key: "large" });
  assert.deepEqual(Buffer.from(await (await s3.getObject({ Bucket, Key: "large" })).Body.transformToByteArray()), large);

  // Whoever has the URL needs no key; what it does not allow it does not do.
  const to_put = await getSignedUrl(s3, new s3sdk.PutObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
  assert.equal((await fetch(to_put, { method: "PUT", body: "by a browser" })).status, 200);
  const to_get = await getSignedUrl(s3, new s3sdk.GetObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
  assert.equal(await (await fetch(to_get)).text(), "by a browser");
  assert.equal((await fetch(to_get.replace("/signed?", "/large?"))).status, 403);
  assert.equal((await fetch(to_get, { method: "DELETE" })).status, 403);

  const keys = [];
  for await (const page of s3sdk.paginateListObjectsV2({ client: s3, pageSize: 3 }, { Bucket })) {
    assert(page.Contents.length <= 3);
    keys.push(...page.Contents.map((one) => one.Key));
  }
  assert.deepEqual(keys, ["a b/ü+%41.txt", "large", "signed", "streamed", "sums/CRC32C", "sums/CRC64NVME", "sums/SHA1", "sums/SHA256"]);
  const gone = await s3.deleteObjects({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } });
  assert.equal(gone.Deleted.length, keys.length);
  await s3sdk.waitUntilObjectNotExists({ client: s3, maxWaitTime: 30 }, { Bucket, Key: "large" });
  return Bucket;
}

const SCHEMA = {
  type: "record", name: "Interactions", namespace: "com.amazonaws.personalize.schema", version: "1.0",
  fields: [{ name: "USER_ID", type: "string" }, { name: "ITEM_ID", type: "string" }, { name: "TIMESTAMP", type: "long" },
           { name: "EVENT_TYPE", type: "string" }],
};
const PEOPLE = 60, ITEMS = 12;

async function sell(Bucket) {
  const rows = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"];
  for (let who = 0; who < PEOPLE; who++)
    for (let step = 0; step < 4; step++) rows.push(`u${who},i${(who + step) % ITEMS},${1_760_000_000 + who * 100 + step},view`);
  await s3.putObject({ Bucket, Key: "interactions.csv", Body: rows.join("\n") + "\n" });

  const { datasetGroupArn } = await personalize.createDatasetGroup({ name: "shop" });
  await until(() => personalize.describeDatasetGroup({ datasetGroupArn }), "datasetGroup");
  const { schemaArn } = await personalize.createSchema({ name: "interactions", schema: JSON.stringify(SCHEMA) });
  const { datasetArn } = await personalize.createDataset({ name: "interactions", schemaArn, datasetGroupArn, datasetType: "Interactions" });
  const roleArn = "arn:aws:iam::000000000000:role/personalize";
  const { datasetImportJobArn } = await personalize.createDatasetImportJob({
    jobName: "first", datasetArn, roleArn, dataSource: { dataLocation: `s3://${Bucket}/interactions.csv` } });
  await until(() => personalize.describeDatasetImportJob({ datasetImportJobArn }), "datasetImportJob");

  const { solutionArn } = await personalize.createSolution({
    name: "for-you", datasetGroupArn, performAutoTraining: false, recipeArn: "arn:aws:personalize:::recipe/aws-user-personalization-v2" });
  const { solutionVersionArn } = await personalize.createSolutionVersion({ solutionArn });
  const trained = await until(() => personalize.describeSolutionVersion({ solutionVersionArn }), "solutionVersion");
  assert(trained.creationDateTime instanceof Date && Math.abs(Date.now() - trained.creationDateTime) < LIMIT_MS);
  const { metrics } = await personalize.getSolutionMetrics({ solutionVersionArn });
  assert.deepEqual(metrics, {});  // of four events each there is no newest tenth to hold out
  const { campaignArn } = await personalize.createCampaign({
    name: "for-you", solutionVersionArn, minProvisionedTPS: 1, campaignConfig: { itemExplorationConfig: { explorationWeight: "0" } } });
  await until(() => personalize.describeCampaign({ campaignArn }), "campaign");

  const ask = async (userId, more = {}) =>
    (await runtime.getRecommendations({ campaignArn, userId, numResults: ITEMS, ...more })).itemList.map((one) => one.itemId);
  const ranked = await runtime.getPersonalizedRanking({ campaignArn, userId: "u0", inputList: ["i5", "unknown", "i1"] });
  assert.equal(ranked.personalizedRanking.at(-1).itemId, "unknown");
  assert.equal((await ask("u0")).length, ITEMS);

  const { filterArn } = await personalize.createFilter({
    name: "not-seen", datasetGroupArn, filterExpression: 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")' });
  const { trackingId } = await personalize.createEventTracker({ name: "clicks", datasetGroupArn });
  const before = await ask("u0", { filterArn });
  await events.putEvents({ trackingId, userId: "u0", sessionId: "s0", eventList: [
    { eventType: "view", itemId: before[0], sentAt: new Date(), eventId: "e1" }] });
  assert.deepEqual((await ask("u0", { filterArn })).sort(), before.slice(1).sort());

  await assert.rejects(personalize.describeCampaign({ campaignArn: campaignArn + "x" }), ResourceNotFoundException);
  await assert.rejects(personalize.createDatasetGroup({ name: "shop" }), ResourceAlreadyExistsException);
  await assert.rejects(personalize.createSchema({ name: "bad", schema: "{}" }), InvalidInputException);
  await assert.rejects(personalize.createFilter({ name: "not a name", datasetGroupArn, filterExpression: "x" }),
                       (problem) => problem.name === "ValidationException" && problem.message.includes("'name'"));

  for (let i = 0; i < 4; i++) await personalize.createSchema({ name: `more-${i}`, schema: JSON.stringify(SCHEMA) });
  const pages = [];
  for await (const page of paginateListSchemas({ client: personalize, pageSize: 2 }, {})) pages.push(page.schemas.length);
  assert.deepEqual(pages, [2, 2, 1]);
  let recipes = 0;
  for await (const page of paginateListRecipes({ client: personalize, pageSize: 10 }, {})) recipes += page.recipes.length;

  await s3.putObject({ Bucket, Key: "leave.csv", Body: "USER_ID\nu0\nu1\nstranger\n" });
  const { dataDeletionJobArn } = await personalize.createDataDeletionJob({
    jobName: "leave", datasetGroupArn, roleArn, dataSource: { dataLocation: `s3://${Bucket}/leave.csv` } });
  // The file that names them holds their rows too: it loses them, and the erasure is verified without.
  const deleted = await until(() => personalize.describeDataDeletionJob({ dataDeletionJobArn }), "dataDeletionJob", "COMPLETED");
  assert.equal(deleted.numDeleted, 2);
  const left = await text(await s3.getObject({ Bucket, Key: "interactions.csv" }));
  assert.equal(left.split("\n").filter((row) => /^u[01],/.test(row)).length, 0);
  assert.equal(left.trim().split("\n").length, 1 + (PEOPLE - 2) * 4);
  assert.deepEqual(await ask("u0"), await ask("stranger"));
  return { recipes };
}

console.log(JSON.stringify(await sell(await keep_objects())));
