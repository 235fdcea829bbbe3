// Schemas of Personalize: a schema, an empty line, and the properties of an event.

#include <algorithm>

#include "fuzz.h"
#include "recommend/avro_schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eunomia;
  using core::errc;
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = std::min(text.find("\n\n"), text.size());
  recommend::avro_schema schema;
  if (!fuzz::accepted(errc::invalid_argument, [&] { schema = recommend::avro_schema::parse(text.substr(0, end)); })) {
    return 0;
  }
  fuzz::require(schema.columns().size() <= schema.fields.size(), "a column is a field");
  std::vector<std::string> header;
  for (const recommend::schema_field& field : schema.fields) {
    header.push_back(field.name);
  }
  schema.check_header(header);
  fuzz::accepted(errc::invalid_argument, [&] {
    for (const auto& [name, value] :
         schema.read_properties(text.substr(std::min(end + 2, text.size())), "properties")) {
      fuzz::require(std::find(header.begin(), header.end(), name) != header.end(), "a property is a field");
    }
  });
  return 0;
}
