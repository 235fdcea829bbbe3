// JSON: whatever is read, written and read again is the same, as a tree and as a struct with every kind of member.

#include "core/json.h"

#include "core/error.h"
#include "fuzz.h"

namespace {

using namespace eunomia;

enum class colour { red, green, dark_blue };
BOOST_DESCRIBE_ENUM(colour, red, green, dark_blue)

struct place {
  std::int32_t x = 0;
  std::uint8_t y = 0;
  std::optional<std::string> name;
  colour paint = colour::red;
};
BOOST_DESCRIBE_STRUCT(place, (), (x, y, name, paint))

struct node {
  bool flag = false;
  std::int64_t whole = 0;
  std::uint64_t natural = 0;
  double real = 0;
  float small = 0;
  std::string text;
  core::strong_id<struct node_tag, std::uint64_t> id;
  place home;
  std::optional<place> work;
  std::unique_ptr<node> next;
  std::vector<node> children;
  std::vector<bool> bits;
  std::array<double, 3> point = {};
  std::map<std::string, std::vector<std::optional<std::int16_t>>> table;
  core::json_value anything;
};
BOOST_DESCRIBE_STRUCT(node, (),
                      (flag, whole, natural, real, small, text, id, home, work, next, children, bits, point, table,
                       anything))

void read_back_tree(const core::json_value& tree) {
  for (const std::size_t indentation : {0, 2}) {
    const std::string written = core::write_json(tree, indentation);
    fuzz::require(core::parse_json(written) == tree, "a JSON tree is what is read of what is written of it");
  }
}

void read_back_struct(const core::json_value& tree, const core::json_options& options) {
  std::optional<node> read;
  fuzz::accepted(core::errc::invalid_argument, [&] { read = core::read_json<node>(tree, options); });
  if (read) {
    const std::string written = core::write_json(*read);
    const auto again = core::read_json<node>(written, {.unknown = core::json_unknown::refuse});
    fuzz::require(core::write_json(again) == written, "a struct is what is read of what is written of it");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  core::json_value tree;
  if (fuzz::accepted(core::errc::invalid_argument, [&] { tree = core::parse_json(fuzz::text_of(data, size)); })) {
    read_back_tree(tree);
    read_back_struct(tree, {.missing = core::json_missing::keep_default});
    read_back_struct(tree, {.unknown = core::json_unknown::refuse});
  }
  return 0;
}
