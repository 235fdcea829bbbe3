#include "wire/s3/bodies.h"

#include <charconv>
#include <pugixml.hpp>

#include "wire/s3/failure.h"

namespace eunomia::wire::s3 {

namespace {

failed malformed(const std::string& why) {
  return {400, "MalformedXML",
          "The XML you provided was not well-formed or did not validate against our published schema: " + why};
}

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// The root, of that name.
pugi::xml_node read(pugi::xml_document& into, std::string_view xml, std::string_view root) {
  if (xml.size() > max_body_bytes) {
    throw malformed("it is longer than max_body_bytes = " + std::to_string(max_body_bytes));
  }
  // Spaces at the ends of a key are a part of it.
  constexpr unsigned flags = pugi::parse_default | pugi::parse_ws_pcdata_single;
  const auto result = into.load_buffer(xml.data(), xml.size(), flags, pugi::encoding_utf8);
  const pugi::xml_node found = into.document_element();
  if (!result || local_name(found) != root) {
    throw malformed(result ? "it is not a " + std::string(root) : result.description());
  }
  return found;
}

std::string text_of(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node& child : parent.children()) {
    if (local_name(child) == name) {
      std::string text;
      for (const pugi::xml_node& piece : child.children()) {
        if (piece.type() == pugi::node_pcdata || piece.type() == pugi::node_cdata) {
          text += piece.value();
        }
      }
      return text;
    }
  }
  return {};
}

}  // namespace

std::string unquoted(std::string_view etag) {
  if (etag.starts_with("W/")) {
    etag.remove_prefix(2);
  }
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

delete_body read_delete(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = read(document, xml, "Delete");
  delete_body made;
  made.quiet = text_of(root, "Quiet") == "true";
  for (const pugi::xml_node& each : root.children()) {
    if (local_name(each) != "Object") {
      continue;
    }
    if (made.objects.size() == max_deleted_at_once) {
      throw malformed("more than max_deleted_at_once = " + std::to_string(max_deleted_at_once) + " objects");
    }
    if (!text_of(each, "VersionId").empty() && text_of(each, "VersionId") != "null") {
      throw not_implemented("VersionId");
    }
    made.objects.push_back({text_of(each, "Key"), unquoted(text_of(each, "ETag"))});
  }
  if (made.objects.empty()) {
    throw malformed("it names no object");
  }
  return made;
}

std::vector<object::completed_part> read_complete(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = read(document, xml, "CompleteMultipartUpload");
  std::vector<object::completed_part> parts;
  for (const pugi::xml_node& each : root.children()) {
    if (local_name(each) != "Part") {
      continue;
    }
    object::completed_part part;
    const std::string number = text_of(each, "PartNumber");
    const auto [end, wrong] = std::from_chars(number.data(), number.data() + number.size(), part.number);
    if (wrong != std::errc() || end != number.data() + number.size() || parts.size() == object::max_parts) {
      throw malformed("a PartNumber is no number, or there are too many");
    }
    part.etag = unquoted(text_of(each, "ETag"));
    for (const char* const name :
         {"ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256"}) {
      if (std::string value = text_of(each, name); !value.empty()) {
        part.checksum = std::move(value);
      }
    }
    parts.push_back(std::move(part));
  }
  if (parts.empty()) {
    throw malformed("it names no part");
  }
  return parts;
}

std::string read_create_bucket(std::string_view xml) {
  if (xml.empty()) {
    return {};
  }
  pugi::xml_document document;
  return text_of(read(document, xml, "CreateBucketConfiguration"), "LocationConstraint");
}

}  // namespace eunomia::wire::s3
