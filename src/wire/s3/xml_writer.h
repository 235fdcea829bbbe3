#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eunomia::wire::s3 {

// Writes a document as S3 does: elements with text, one after another.
class xml_writer {
 public:
  // The declaration and the root, in S3's namespace unless it is an error.
  explicit xml_writer(std::string_view root, bool in_namespace = true);

  xml_writer& open(std::string_view name);
  // An element without attributes that holds the text.
  xml_writer& element(std::string_view name, std::string_view text);
  xml_writer& element(std::string_view name, std::uint64_t number);
  // Not from a pointer, which would be preferred to a text.
  template <std::same_as<bool> Bool>
  xml_writer& element(std::string_view name, Bool is) {
    return element(name, std::string_view(is ? "true" : "false"));
  }
  xml_writer& close();

  // Closes what is open.
  std::string finish();

 private:
  std::string out_;
  std::vector<std::string> open_;
};

// As S3's documents want it: what XML 1.0 has no character for, as a reference all the same, which lenient readers
// take; clients that mind ask for encoding-type=url.
std::string xml_escaped(std::string_view text);

}  // namespace eunomia::wire::s3
