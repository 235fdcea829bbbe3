#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "core/error.h"
#include "core/hash.h"
#include "wire/aws/canonical_request.h"
#include "wire/s3/answers.h"
#include "wire/s3/operations.h"
#include "wire/s3/xml_writer.h"

namespace eunomia::wire::s3 {

namespace {

// How keys stand in the answer: as they are, or percent-encoded where the client asked for that.
using key_text = std::function<std::string(std::string_view)>;

key_text key_text_of(const call& of) {
  const std::string encoding = query_of(of.request, "encoding-type");
  if (encoding.empty()) {
    return [](std::string_view key) { return std::string(key); };
  }
  if (encoding != "url") {
    throw invalid_argument("Invalid Encoding Method specified in Request");
  }
  return [](std::string_view key) { return aws::percent_encoded(key); };
}

object::list_question question_of(const call& of) {
  object::list_question asked;
  asked.prefix = query_of(of.request, "prefix");
  asked.delimiter = query_of(of.request, "delimiter");
  asked.limit = std::min<std::size_t>(number_of(of.request, "max-keys", object::max_page), object::max_page);
  return asked;
}

void add_entries(xml_writer& to, const object::listing& found, const key_text& shown) {
  for (const object::listed_object& each : found.objects) {
    to.open("Contents").element("Key", shown(each.key)).element("LastModified", xml_date(each.modified_at));
    to.element("ETag", quoted_etag(each.etag)).element("Size", each.size).element("StorageClass", "STANDARD").close();
  }
  for (const std::string& prefix : found.common_prefixes) {
    to.open("CommonPrefixes").element("Prefix", shown(prefix)).close();
  }
}

void add_question(xml_writer& to, const call& of, const object::bucket_record& bucket,
                  const object::list_question& asked, const key_text& shown) {
  to.element("Name", bucket.name).element("Prefix", shown(asked.prefix));
  if (!asked.delimiter.empty()) {
    to.element("Delimiter", shown(asked.delimiter));
  }
  to.element("MaxKeys", std::uint64_t{asked.limit});
  if (has_query(of.request, "encoding-type")) {
    to.element("EncodingType", "url");
  }
}

// What a client is to send back, and need not understand.
std::string after_token(std::string_view token) {
  try {
    const auto bytes = core::from_base64(token);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  } catch (const core::error&) {
    throw invalid_argument("The continuation token provided is incorrect");
  }
}

}  // namespace

http::response list_objects_v2(call& of) {
  const object::bucket_record bucket = of.bucket(access::read);
  object::list_question asked = question_of(of);
  const std::string start_after = query_of(of.request, "start-after");
  const std::string token = query_of(of.request, "continuation-token");
  asked.after = has_query(of.request, "continuation-token") ? after_token(token) : start_after;
  const key_text shown = key_text_of(of);
  const object::listing found = of.objects().list(bucket, asked);
  xml_writer document("ListBucketResult");
  add_question(document, of, bucket, asked, shown);
  document.element("KeyCount", std::uint64_t{found.objects.size() + found.common_prefixes.size()});
  document.element("IsTruncated", !found.last.empty());
  if (!start_after.empty()) {
    document.element("StartAfter", shown(start_after));
  }
  if (!token.empty()) {
    document.element("ContinuationToken", token);
  }
  if (!found.last.empty()) {
    document.element("NextContinuationToken", core::to_base64(found.last));
  }
  add_entries(document, found, shown);
  return xml_answer(document.finish());
}

http::response list_objects(call& of) {
  const object::bucket_record bucket = of.bucket(access::read);
  object::list_question asked = question_of(of);
  asked.after = query_of(of.request, "marker");
  const key_text shown = key_text_of(of);
  const object::listing found = of.objects().list(bucket, asked);
  xml_writer document("ListBucketResult");
  add_question(document, of, bucket, asked, shown);
  document.element("Marker", shown(asked.after)).element("IsTruncated", !found.last.empty());
  if (!found.last.empty()) {
    document.element("NextMarker", shown(found.last));
  }
  add_entries(document, found, shown);
  return xml_answer(document.finish());
}

http::response list_uploads(call& of) {
  const object::bucket_record bucket = of.bucket(access::read);
  const std::string prefix = query_of(of.request, "prefix");
  const std::string key_marker = query_of(of.request, "key-marker");
  const std::string id_marker = query_of(of.request, "upload-id-marker");
  const std::size_t limit =
      std::min<std::size_t>(number_of(of.request, "max-uploads", object::max_page), object::max_page);
  if (has_query(of.request, "delimiter") && !query_of(of.request, "delimiter").empty()) {
    throw not_implemented("delimiter of uploads");
  }
  const key_text shown = key_text_of(of);
  auto all = of.objects().uploads(bucket);
  std::erase_if(all, [&](const object::upload_row& each) { return !each.key.starts_with(prefix); });
  // Behind the marker: of the marked key, those after the marked upload.
  auto from = std::ranges::find_if(all, [&](const object::upload_row& each) { return each.key >= key_marker; });
  if (!key_marker.empty()) {
    const auto marked = std::ranges::find(all, id_marker, &object::upload_row::token);
    if (!id_marker.empty() && marked != all.end()) {
      from = marked + 1;
    } else {
      from = std::ranges::find_if(all, [&](const object::upload_row& each) { return each.key > key_marker; });
    }
  }
  const bool more = static_cast<std::size_t>(all.end() - from) > limit;
  const auto to = more ? from + static_cast<std::ptrdiff_t>(limit) : all.end();
  xml_writer document("ListMultipartUploadsResult");
  document.element("Bucket", bucket.name).element("KeyMarker", shown(key_marker)).element("UploadIdMarker", id_marker);
  document.element("Prefix", shown(prefix)).element("MaxUploads", std::uint64_t{limit}).element("IsTruncated", more);
  if (has_query(of.request, "encoding-type")) {
    document.element("EncodingType", "url");
  }
  if (more && to != from) {
    document.element("NextKeyMarker", shown((to - 1)->key)).element("NextUploadIdMarker", (to - 1)->token);
  }
  for (auto each = from; each != to; ++each) {
    document.open("Upload").element("Key", shown(each->key)).element("UploadId", each->token);
    document.element("StorageClass", "STANDARD").element("Initiated", xml_date(each->begun_at)).close();
  }
  return xml_answer(document.finish());
}

}  // namespace eunomia::wire::s3
