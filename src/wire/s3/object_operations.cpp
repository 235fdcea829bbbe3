#include <fmt/format.h>

#include <array>

#include "object/names.h"
#include "wire/http/text.h"
#include "wire/s3/answers.h"
#include "wire/s3/bodies.h"
#include "wire/s3/operations.h"
#include "wire/s3/xml_writer.h"

namespace eunomia::wire::s3 {

namespace {

constexpr std::string_view default_type = "binary/octet-stream";

constexpr std::array<std::string_view, 6> unknown = {"legal-hold", "restore", "retention", "select", "torrent", "acl"};

void refuse_settings(const call& of) {
  for (const std::string_view name : unknown) {
    if (has_query(of.request, name)) {
      throw not_implemented(name);
    }
  }
}

bool wants_checksum(const http::request& asked) {
  return asked.header_named("x-amz-checksum-mode").value_or("") == "ENABLED";
}

// What the client would rather have as headers of the answer: response-content-type and the others.
void override_headers(http::response& answer, const http::request& asked) {
  constexpr std::string_view prefix = "response-";
  for (const http::parameter& each : asked.query) {
    if (!each.name.starts_with(prefix)) {
      continue;
    }
    const std::string_view name = std::string_view(each.name).substr(prefix.size());
    // A line break would begin another header, of whoever made the URL.
    const bool fits =
        std::ranges::none_of(each.value, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; });
    if (!fits) {
      throw invalid_argument(fmt::format("{} holds a control character, which no header may", each.name));
    }
    if (name == "content-type") {
      answer.content_type = each.value;
    } else if (std::ranges::any_of(object::kept_headers,
                                   [&](std::string_view kept) { return http::equal_ignoring_case(kept, name); })) {
      std::erase_if(answer.headers,
                    [&](const http::header& there) { return http::equal_ignoring_case(there.name, name); });
      answer.headers.push_back({std::string(name), each.value});
    }
  }
}

// The range of a part, by its number.
byte_range part_range(const object::object_info& of, std::uint64_t number) {
  if (number < 1 || number > of.part_sizes.size()) {
    throw failed(416, "InvalidPartNumber", "The requested partnumber is not satisfiable");
  }
  byte_range range;
  for (std::uint64_t i = 0; i + 1 < number; ++i) {
    range.offset += of.part_sizes[i];
  }
  range.length = of.part_sizes[number - 1];
  return range;
}

struct chosen_range {
  byte_range bytes;
  bool is_partial = false;
};

chosen_range range_asked(const http::request& asked, const object::object_info& of, http::response& answer) {
  if (const std::uint64_t part = number_of(asked, "partNumber", 0); has_query(asked, "partNumber")) {
    if (of.in_parts) {
      answer.headers.push_back({"x-amz-mp-parts-count", std::to_string(of.part_sizes.size())});
    }
    return {part_range(of, part), of.size > 0};
  }
  const auto header = asked.header_named("Range");
  const auto if_range = asked.header_named("If-Range");
  if (header && (!if_range || unquoted(*if_range) == of.etag)) {
    if (const auto range = range_of(*header, of.size)) {
      return {*range, true};
    }
  }
  return {{0, of.size}, false};
}

http::response object_answer(const http::request& asked, const object::object_info& of, byte_range& range) {
  http::response answer;
  const object::verdict said = object::judge(conditions_of(asked), &of);
  if (said == object::verdict::failed) {
    throw failed(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
  }
  if (said == object::verdict::not_modified) {
    answer.status = 304;
    answer.headers = headers_of(of, false);
    return answer;
  }
  const chosen_range chosen = range_asked(asked, of, answer);
  range = chosen.bytes;
  answer.content_type = of.headers.content_type.empty() ? std::string(default_type) : of.headers.content_type;
  for (http::header& each : headers_of(of, wants_checksum(asked) && !chosen.is_partial)) {
    answer.headers.push_back(std::move(each));
  }
  if (chosen.is_partial) {
    answer.status = 206;
    answer.headers.push_back(
        {"Content-Range", fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.length - 1, of.size)});
  }
  override_headers(answer, asked);
  return answer;
}

http::response no_tags() {
  xml_writer document("Tagging");
  return xml_answer(document.open("TagSet").finish());
}

http::response attributes(call& of) {
  const object::object_info found = of.objects().head(of.bucket(access::read), of.key());
  const std::string wanted(of.request.header_named("x-amz-object-attributes").value_or(""));
  xml_writer document("GetObjectAttributesResponse");
  if (http::list_has(wanted, "ETag")) {
    document.element("ETag", found.etag);
  }
  if (http::list_has(wanted, "Checksum") && found.of_all) {
    document.open("Checksum").element(element_of(found.of_all->algorithm), found.of_all->value);
    document.element("ChecksumType",
                     found.of_all->type == object::checksum_type::composite ? "COMPOSITE" : "FULL_OBJECT");
    document.close();
  }
  if (http::list_has(wanted, "ObjectParts") && found.in_parts) {
    document.open("ObjectParts").element("PartsCount", std::uint64_t{found.part_sizes.size()}).close();
  }
  if (http::list_has(wanted, "StorageClass")) {
    document.element("StorageClass", "STANDARD");
  }
  if (http::list_has(wanted, "ObjectSize")) {
    document.element("ObjectSize", found.size);
  }
  http::response answer = xml_answer(document.finish());
  answer.headers = {headers_of(found, false)[1]};
  return answer;
}

http::response copy_object(call& of) {
  const object::bucket_record to = of.bucket(access::write);
  const copy_source source = copy_source_of(*of.request.header_named("x-amz-copy-source"));
  const object::bucket_record from = of.bucket(source.bucket, access::read);
  const auto reader = of.objects().open(from, source.key);
  if (object::judge(conditions_of(of.request, "x-amz-copy-source-"), &reader->info()) != object::verdict::met) {
    throw failed(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
  }
  object::copy_question asked;
  asked.key = of.key();
  asked.algorithm = algorithm_of(of.request);
  asked.when = conditions_of(of.request);
  const std::string_view directive = of.request.header_named("x-amz-metadata-directive").value_or("COPY");
  if (directive == "REPLACE") {
    asked.headers = headers_of(of.request);
  } else if (directive != "COPY") {
    throw invalid_argument("Unknown metadata directive.");
  } else if (from.id == to.id && source.key == asked.key) {
    throw failed(400, "InvalidRequest",
                 "This copy request is illegal because it is trying to copy an object to itself without changing the "
                 "object's metadata, storage class, website redirect location or encryption attributes.");
  }
  const object::object_info made = of.objects().copy(*reader, to, asked);
  xml_writer document("CopyObjectResult");
  document.element("LastModified", xml_date(made.modified_at)).element("ETag", quoted_etag(made.etag));
  if (made.of_all) {
    document.element(element_of(made.of_all->algorithm), made.of_all->value);
  }
  return xml_answer(document.finish());
}

}  // namespace

http::response get_object(call& of) {
  if (has_query(of.request, "uploadId")) {
    return list_parts(of);
  }
  if (has_query(of.request, "attributes")) {
    return attributes(of);
  }
  if (has_query(of.request, "tagging")) {
    of.objects().head(of.bucket(access::read), of.key());
    return no_tags();
  }
  refuse_settings(of);
  refuse_unknown(of.request);
  auto reader = of.objects().open(of.bucket(access::read), of.key());
  byte_range range;
  http::response answer = object_answer(of.request, reader->info(), range);
  if (answer.status != 304) {
    answer.source = source_of(std::move(reader), range);
  }
  return answer;
}

http::response head_object(call& of) {
  return get_object(of);
}

http::response put_object(call& of) {
  const bool copies = of.request.header_named("x-amz-copy-source").has_value();
  if (has_query(of.request, "uploadId")) {
    return put_part(of);
  }
  refuse_settings(of);
  if (has_query(of.request, "tagging")) {
    throw not_implemented("tagging");
  }
  refuse_unknown(of.request);
  if (copies) {
    return copy_object(of);
  }
  const object::bucket_record bucket = of.bucket(access::write);
  object::put_question asked;
  asked.key = of.key();
  asked.headers = headers_of(of.request);
  asked.expected = expected_of(of.request);
  asked.when = conditions_of(of.request);
  object::file_content from(of.request.body_file);
  const object::object_info made = of.objects().put(bucket, asked, from);
  http::response answer = xml_answer({});
  answer.headers.push_back({"ETag", quoted_etag(made.etag)});
  add_checksum(answer.headers, made.of_all);
  return answer;
}

http::response post_object(call& of) {
  if (has_query(of.request, "uploads")) {
    return begin_upload(of);
  }
  if (has_query(of.request, "uploadId")) {
    return complete_upload(of);
  }
  refuse_settings(of);
  throw not_implemented("POST");
}

http::response delete_object(call& of) {
  if (has_query(of.request, "uploadId")) {
    return abort_upload(of);
  }
  if (has_query(of.request, "tagging")) {
    throw not_implemented("tagging");
  }
  refuse_unknown(of.request);
  object::check_key(of.key());
  of.objects().remove(of.bucket(access::write), of.key(), conditions_of(of.request));
  http::response answer = xml_answer({});
  answer.status = 204;
  return answer;
}

}  // namespace eunomia::wire::s3
