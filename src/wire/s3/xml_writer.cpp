#include "wire/s3/xml_writer.h"

#include <fmt/format.h>

namespace eunomia::wire::s3 {

xml_writer::xml_writer(std::string_view root, bool in_namespace)
    : out_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {
  out_ += fmt::format("<{}{}>", root, in_namespace ? " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"" : "");
  open_.emplace_back(root);
}

xml_writer& xml_writer::open(std::string_view name) {
  out_.append("<").append(name).append(">");
  open_.emplace_back(name);
  return *this;
}

xml_writer& xml_writer::element(std::string_view name, std::string_view text) {
  out_.append("<").append(name).append(">").append(xml_escaped(text)).append("</").append(name).append(">");
  return *this;
}

xml_writer& xml_writer::element(std::string_view name, std::uint64_t number) {
  return element(name, std::string_view(fmt::format("{}", number)));
}

xml_writer& xml_writer::close() {
  out_.append("</").append(open_.back()).append(">");
  open_.pop_back();
  return *this;
}

std::string xml_writer::finish() {
  while (!open_.empty()) {
    close();
  }
  return std::move(out_);
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("&#{};", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out;
}

}  // namespace eunomia::wire::s3
