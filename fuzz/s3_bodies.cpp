// What clients of S3 write: documents of XML, ranges, sources of copies, and objects that consist of rows.

#include <string>
#include <vector>

#include "core/error.h"
#include "fuzz.h"
#include "object/row_filter.h"
#include "wire/s3/bodies.h"
#include "wire/s3/reading.h"
#include "wire/s3/xml_writer.h"

namespace {

using namespace eunomia;
using namespace eunomia::wire;

template <class Read>
void read(Read what) {
  try {
    what();
  } catch (const core::error&) {
  }
}

std::string filtered(std::string_view text, object::row_form form, std::size_t at_a_time) {
  const std::vector<subject::person_name> names = {{"user", "ann@example.org", false}, {"user", "17", false}};
  const object::row_matcher whose(names);
  object::memory_content from(text);
  object::row_filter rows(from, form, whose);
  std::string left;
  std::string piece(at_a_time, '\0');
  while (const std::size_t got = rows.read(std::as_writable_bytes(std::span(piece)))) {
    left.append(piece, 0, got);
  }
  return left;
}

void filter(std::string_view text, object::row_form form) {
  const std::string left = filtered(text, form, 4096);
  fuzz::require(left.size() <= text.size(), "what is left is a part of what was");
  fuzz::require(filtered(text, form, 3) == left, "rows are the same however they are read");
  fuzz::require(filtered(left, form, 4096) == left, "who was taken out is not there any more");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read([&] {
    const s3::delete_body body = s3::read_delete(text);
    fuzz::require(!body.objects.empty() && body.objects.size() <= s3::max_deleted_at_once, "some are deleted");
    // What is read is written so that it is read again the same.
    s3::xml_writer again("Delete");
    for (const auto& each : body.objects) {
      again.open("Object").element("Key", std::string_view(each.key)).close();
    }
    const bool has_controls = [&] {
      for (const auto& each : body.objects) {
        for (const char c : each.key) {
          if (static_cast<unsigned char>(c) < 0x20) {
            return true;
          }
        }
      }
      return false;
    }();
    if (!has_controls) {
      const s3::delete_body same = s3::read_delete(again.finish());
      fuzz::require(same.objects.size() == body.objects.size(), "as many are read again");
      for (std::size_t i = 0; i < same.objects.size(); ++i) {
        fuzz::require(same.objects[i].key == body.objects[i].key, "a key is read again as it was");
      }
    }
  });
  read([&] { s3::read_complete(text); });
  read([&] { s3::read_create_bucket(text); });
  read([&] { s3::copy_source_of(text); });
  read([&] {
    if (const auto range = s3::range_of(text, 1000)) {
      fuzz::require(range->length > 0 && range->offset + range->length <= 1000, "a range lies in the object");
    }
  });
  read([&] { filter(text, object::row_form::csv); });
  read([&] { filter(text, object::row_form::json_lines); });
  return 0;
}
