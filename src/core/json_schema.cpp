#include "core/json_schema.h"

namespace eunomia::core {

namespace json_detail {

std::string_view short_name(std::string_view qualified) {
  const std::size_t colon = qualified.rfind("::");
  return colon == std::string_view::npos ? qualified : qualified.substr(colon + 2);
}

}  // namespace json_detail

void json_schemas::member(json_writer& out, std::string_view name, std::string_view value) {
  out.name(name);
  out.string(value);
}

void json_schemas::bounds(json_writer& out, const json_note& note, std::optional<double> least) {
  if (note.least || least) {
    out.name("minimum");
    out.number(note.least.value_or(least.value_or(0)));
  }
  if (note.most) {
    out.name("maximum");
    out.number(*note.most);
  }
}

void json_schemas::lengths(json_writer& out, const json_note& note, std::string_view shortest,
                           std::string_view longest) {
  if (note.shortest) {
    out.name(shortest);
    out.number(*note.shortest);
  }
  if (note.longest) {
    out.name(longest);
    out.number(*note.longest);
  }
}

void json_schemas::common(json_writer& out, const json_note& note) {
  if (!note.text.empty()) {
    member(out, "description", note.text);
  }
  if (!note.example.empty()) {
    out.name("examples");
    out.begin_array();
    out.value(parse_json(note.example));
    out.end_array();
  }
}

}  // namespace eunomia::core
