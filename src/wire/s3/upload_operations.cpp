#include <fmt/format.h>

#include <algorithm>

#include "core/hash.h"
#include "wire/s3/answers.h"
#include "wire/s3/bodies.h"
#include "wire/s3/operations.h"
#include "wire/s3/xml_writer.h"

namespace eunomia::wire::s3 {

namespace {

object::upload_row upload_of(const call& of, const object::bucket_record& in) {
  return of.objects().find_upload(in, of.key(), query_of(of.request, "uploadId"));
}

std::string_view name_of(object::checksum_type type) {
  return type == object::checksum_type::composite ? "COMPOSITE" : "FULL_OBJECT";
}

// CRC64NVME is of the whole always, the digests of the parts; of the other CRCs a client may say.
object::checksum_type type_of(const call& of, const std::optional<object::checksum_algorithm>& algorithm) {
  const auto said = of.request.header_named("x-amz-checksum-type");
  if (!said) {
    return algorithm == object::checksum_algorithm::crc64nvme ? object::checksum_type::full_object
                                                              : object::checksum_type::composite;
  }
  if (*said != "COMPOSITE" && *said != "FULL_OBJECT") {
    throw failed(400, "InvalidRequest", "x-amz-checksum-type is COMPOSITE or FULL_OBJECT");
  }
  return *said == "COMPOSITE" ? object::checksum_type::composite : object::checksum_type::full_object;
}

http::response copied_part(call& of, const object::bucket_record& to, const object::upload_row& upload,
                           std::uint32_t number) {
  const copy_source source = copy_source_of(*of.request.header_named("x-amz-copy-source"));
  const auto reader = of.objects().open(of.bucket(source.bucket, access::read), source.key);
  if (object::judge(conditions_of(of.request, "x-amz-copy-source-"), &reader->info()) != object::verdict::met) {
    throw failed(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
  }
  byte_range range{0, reader->info().size};
  if (const auto asked = of.request.header_named("x-amz-copy-source-range")) {
    const auto some = range_of(*asked, reader->info().size);
    if (!some) {
      throw invalid_argument("The x-amz-copy-source-range value must be of the form bytes=first-last");
    }
    range = *some;
  }
  object::range_content from(*reader, range.offset, range.length);
  const object::part_row made = of.objects().put_part(to, upload, number, {}, from);
  xml_writer document("CopyPartResult");
  document.element("LastModified", xml_date(made.written_at)).element("ETag", quoted_etag(core::to_hex(made.md5)));
  if (made.of_part) {
    document.element(element_of(made.of_part->algorithm), made.of_part->value);
  }
  return xml_answer(document.finish());
}

}  // namespace

http::response begin_upload(call& of) {
  refuse_unknown(of.request);
  const object::bucket_record bucket = of.bucket(access::write);
  object::upload_question asked;
  asked.key = of.key();
  asked.headers = headers_of(of.request);
  asked.algorithm = algorithm_of(of.request);
  asked.type = type_of(of, asked.algorithm);
  const object::upload_row made = of.objects().begin_upload(bucket, asked);
  xml_writer document("InitiateMultipartUploadResult");
  document.element("Bucket", bucket.name).element("Key", made.key).element("UploadId", made.token);
  http::response answer = xml_answer(document.finish());
  if (made.algorithm) {
    answer.headers.push_back({"x-amz-checksum-algorithm", std::string(object::name_of(*made.algorithm))});
    answer.headers.push_back({"x-amz-checksum-type", std::string(name_of(made.type))});
  }
  return answer;
}

http::response put_part(call& of) {
  const object::bucket_record bucket = of.bucket(access::write);
  const object::upload_row upload = upload_of(of, bucket);
  const auto number = static_cast<std::uint32_t>(number_of(of.request, "partNumber", 0));
  if (of.request.header_named("x-amz-copy-source")) {
    return copied_part(of, bucket, upload, number);
  }
  object::file_content from(of.request.body_file);
  const object::part_row made = of.objects().put_part(bucket, upload, number, expected_of(of.request), from);
  http::response answer = xml_answer({});
  answer.headers.push_back({"ETag", quoted_etag(core::to_hex(made.md5))});
  if (made.of_part) {
    answer.headers.push_back({header_of(made.of_part->algorithm), made.of_part->value});
  }
  return answer;
}

http::response complete_upload(call& of) {
  const object::bucket_record bucket = of.bucket(access::write);
  const object::upload_row upload = upload_of(of, bucket);
  object::complete_question asked;
  asked.parts = read_complete(of.request.body);
  asked.when = conditions_of(of.request);
  asked.of_all = expected_of(of.request).value;
  if (const auto size = of.request.header_named("x-amz-mp-object-size")) {
    asked.size = std::strtoull(std::string(*size).c_str(), nullptr, 10);
  }
  const object::object_info made = of.objects().complete(bucket, upload, asked);
  xml_writer document("CompleteMultipartUploadResult");
  document.element("Location", "/" + bucket.name + "/" + made.key).element("Bucket", bucket.name);
  document.element("Key", made.key).element("ETag", quoted_etag(made.etag));
  if (made.of_all) {
    document.element(element_of(made.of_all->algorithm), made.of_all->value);
    document.element("ChecksumType", name_of(made.of_all->type));
  }
  return xml_answer(document.finish());
}

http::response abort_upload(call& of) {
  const object::bucket_record bucket = of.bucket(access::write);
  of.objects().abort(bucket, upload_of(of, bucket));
  http::response answer = xml_answer({});
  answer.status = 204;
  return answer;
}

http::response list_parts(call& of) {
  const object::bucket_record bucket = of.bucket(access::read);
  const object::upload_row upload = upload_of(of, bucket);
  const std::uint64_t marker = number_of(of.request, "part-number-marker", 0);
  const std::size_t limit =
      std::min<std::size_t>(number_of(of.request, "max-parts", object::max_page), object::max_page);
  const auto parts = of.objects().parts_of(upload);
  const auto from = std::ranges::find_if(parts, [&](const object::part_row& each) { return each.number > marker; });
  const bool more = static_cast<std::size_t>(parts.end() - from) > limit;
  const auto to = more ? from + static_cast<std::ptrdiff_t>(limit) : parts.end();
  xml_writer document("ListPartsResult");
  document.element("Bucket", bucket.name).element("Key", upload.key).element("UploadId", upload.token);
  document.element("PartNumberMarker", marker).element("MaxParts", std::uint64_t{limit}).element("IsTruncated", more);
  if (more && to != from) {
    document.element("NextPartNumberMarker", std::uint64_t{(to - 1)->number});
  }
  if (upload.algorithm) {
    document.element("ChecksumAlgorithm", object::name_of(*upload.algorithm));
    document.element("ChecksumType", name_of(upload.type));
  }
  document.element("StorageClass", "STANDARD");
  for (auto each = from; each != to; ++each) {
    document.open("Part").element("PartNumber", std::uint64_t{each->number});
    document.element("LastModified", xml_date(each->written_at)).element("ETag", quoted_etag(core::to_hex(each->md5)));
    document.element("Size", each->part.size);
    if (each->of_part) {
      document.element(element_of(each->of_part->algorithm), each->of_part->value);
    }
    document.close();
  }
  return xml_answer(document.finish());
}

}  // namespace eunomia::wire::s3
