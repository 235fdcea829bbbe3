#include "wire/s3/answers.h"

#include <fmt/format.h>

#include "core/time.h"
#include "wire/http/answer_head.h"
#include "wire/s3/xml_writer.h"

namespace eunomia::wire::s3 {

namespace {

class object_source final : public http::body_source {
 public:
  object_source(std::unique_ptr<object::object_reader> from, const byte_range& range)
      : reader_(std::move(from)), bytes_(*reader_, range.offset, range.length), size_(range.length) {}
  std::uint64_t size() const override { return size_; }
  std::size_t read(std::span<char> into) override { return bytes_.read(std::as_writable_bytes(into)); }

 private:
  std::unique_ptr<object::object_reader> reader_;
  object::range_content bytes_;
  std::uint64_t size_;
};

}  // namespace

http::response xml_answer(std::string document) {
  http::response made;
  made.content_type = xml_type;
  made.body = std::move(document);
  return made;
}

http::response error_response(const error_answer& why, const http::request& of) {
  xml_writer document("Error", false);
  document.element("Code", why.code).element("Message", why.message);
  document.element("Resource", of.path).element("RequestId", of.id);
  http::response made = xml_answer(document.finish());
  made.status = why.status;
  made.headers.push_back({"x-amz-request-id", of.id});
  return made;
}

std::string quoted_etag(std::string_view etag) {
  return fmt::format("\"{}\"", etag);
}

std::string xml_date(std::int64_t ms) {
  return core::format_iso8601(ms);
}

void add_checksum(std::vector<http::header>& to, const std::optional<object::checksum>& of) {
  if (of) {
    to.push_back({header_of(of->algorithm), of->value});
    to.push_back({"x-amz-checksum-type", of->type == object::checksum_type::composite ? "COMPOSITE" : "FULL_OBJECT"});
  }
}

std::vector<http::header> headers_of(const object::object_info& of, bool with_checksum) {
  std::vector<http::header> made = {{"ETag", quoted_etag(of.etag)},
                                    {"Last-Modified", http::http_date(of.modified_at / 1000)},
                                    {"Accept-Ranges", "bytes"}};
  for (const auto& [name, value] : of.headers.others) {
    made.push_back({name, value});
  }
  for (const auto& [name, value] : of.headers.metadata) {
    made.push_back({"x-amz-meta-" + name, value});
  }
  if (with_checksum) {
    add_checksum(made, of.of_all);
  }
  return made;
}

std::shared_ptr<http::body_source> source_of(std::unique_ptr<object::object_reader> from, const byte_range& range) {
  return std::make_shared<object_source>(std::move(from), range);
}

}  // namespace eunomia::wire::s3
