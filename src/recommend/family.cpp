#include "recommend/family.h"

#include <fmt/format.h>

#include <array>

#include "core/error.h"
#include "core/json.h"
#include "recommend/ease.h"
#include "recommend/ials.h"
#include "recommend/imported.h"
#include "recommend/item_knn.h"
#include "recommend/popularity.h"
#include "recommend/session_knn.h"
#include "recommend/trending.h"

namespace eunomia::recommend {

namespace {

// What all families' parameters have in common.
struct common_parameters {
  recommend::weighting weighting;
};
BOOST_DESCRIBE_STRUCT(common_parameters, (), (weighting))

}  // namespace

std::span<const family* const> families() {
  static const std::array all = {
      &popularity_family(),  &trending_family(), &item_knn_family(),
      &session_knn_family(), &ease_family(),     &ials_family(),
  };
  return all;
}

const family& family_named(std::string_view name) {
  if (name == imported_family_name) {
    return imported_family();
  }
  std::string known;
  for (const family* candidate : families()) {
    if (candidate->name() == name) {
      return *candidate;
    }
    known += fmt::format("{}{}", known.empty() ? "" : ", ", candidate->name());
  }
  throw core::error(core::errc::not_found,
                    fmt::format("there is no model family \"{}\"; choose one of {}", name, known));
}

std::unique_ptr<model> load_model(const std::filesystem::path& file, const training_context& context) {
  auto opened = model_file::open(file);
  for (const family* candidate : families()) {
    if (candidate->name() == opened->family()) {
      return candidate->load(std::move(opened), context);
    }
  }
  if (opened->family() == imported_family_name) {
    return imported_family().load(std::move(opened), context);
  }
  opened->refuse(
      fmt::format("it holds a model of the family \"{}\", which this program does not know", opened->family()));
}

weighting weighting_of(const model& trained) {
  return core::read_json<common_parameters>(trained.parameters(), {.missing = core::json_missing::keep_default})
      .weighting;
}

}  // namespace eunomia::recommend
