// The model file has, beside the catalogue, preferences of nobody ("learned", so that whoever looks for rows of people
// finds none), and of each array NAME of the portable form:
//
//   array.NAME        [bytes]  uint8   its values, as they are in the portable file
//   array.NAME.shape  [d + 1]  uint64  the type, then its extents
//
// Its parameters are those of imported_parameters: what the model was trained as, and with.
#include "recommend/imported.h"

#include <fmt/format.h>

#include <cstring>

#include "core/error.h"
#include "core/json.h"
#include "recommend/parameters.h"

namespace eunomia::recommend {

namespace {

using core::errc;

constexpr std::string_view array_prefix = "array.";
constexpr std::size_t longest_name = 32;  // of an array: with what is around it, that of a section has an end

struct imported_parameters {
  std::string trained_as;
  std::string origin;
  core::json_value parameters = core::json_value::of_object();
  recommend::weighting weighting;  // of the parameters: histories are prepared by it (weighting_of)
};
BOOST_DESCRIBE_STRUCT(imported_parameters, (), (trained_as, origin, parameters, weighting))

struct weighting_only {
  recommend::weighting weighting;
};
BOOST_DESCRIBE_STRUCT(weighting_only, (), (weighting))

[[noreturn]] void cannot_train() {
  throw core::error(
      errc::invalid_argument,
      "imported: models of this family come from elsewhere, they are not trained here; choose popularity, "
      "trending, item-knn, session-knn, ease or ials, or import a model");
}

class imported_model final : public model {
 public:
  explicit imported_model(portable_model from) : from_(std::move(from)), scorer_(scorer_of(from_)) {
    rows_.items = from_.items;
    imported_parameters all;
    all.trained_as = from_.family;
    all.origin = from_.origin;
    all.parameters = core::parse_json(from_.parameters);
    all.weighting =
        core::read_json<weighting_only>(all.parameters, {.missing = core::json_missing::keep_default}).weighting;
    parameters_ = core::write_json(all);
  }

  std::string_view family() const noexcept override { return imported_family_name; }
  std::string parameters() const override { return parameters_; }
  const preferences& learned_from() const override { return rows_; }
  std::shared_ptr<const scorer> current() const override { return scorer_; }

  // It holds no rows of anybody.
  forget_report forget(std::span<const core::subject_handle>, const training_context&) override {
    forget_report report;
    report.level = forgetting_level::opaque;
    return report;
  }

  void save(const std::filesystem::path& file) const override {
    model_file_writer writer(file, imported_family_name, parameters_);
    writer.add("items", *from_.items);
    writer.add("learned", rows_);
    std::string names;
    for (const auto& [name, array] : from_.arrays) {
      const std::string section = std::string(array_prefix) + name;
      writer.add(section, array.bytes.view());
      std::vector<std::uint64_t> shape = {static_cast<std::uint64_t>(array.type)};
      shape.insert(shape.end(), array.shape.begin(), array.shape.end());
      writer.add(section + ".shape", shape);
      names += name + "\n";
    }
    writer.add("arrays", std::span<const char>(names));
    writer.finish();
  }

 private:
  portable_model from_;
  std::shared_ptr<const scorer> scorer_;
  preferences rows_;
  std::string parameters_;
};

portable_array read_array(const model_file& file, const std::string& name) {
  const std::string section = std::string(array_prefix) + name;
  const auto shape = file.array<std::uint64_t>(section + ".shape").view();
  constexpr auto last_type = static_cast<std::uint64_t>(array_type::uint64);
  if (shape.size() < 2 || shape.size() > 3 || shape[0] > last_type || shape[1] > UINT32_MAX ||
      shape.back() > UINT32_MAX) {
    file.refuse(fmt::format("section \"{}.shape\" is no type and one or two extents", section));
  }
  portable_array made;
  made.type = static_cast<array_type>(shape[0]);
  made.shape.assign(shape.begin() + 1, shape.end());
  made.bytes = file.array<std::byte>(section);
  return made;
}

std::unique_ptr<model> load_imported(const model_file& file) {
  const auto stored = [&] {
    try {
      return core::read_json<imported_parameters>(file.parameters(), {.missing = core::json_missing::keep_default});
    } catch (const core::error& problem) {
      file.refuse(fmt::format("its parameters: {}", problem.what()));
    }
  }();
  portable_model from;
  from.family = stored.trained_as;
  from.origin = stored.origin;
  from.parameters = core::write_json(stored.parameters);
  from.items = file.read_catalogue("items");
  const auto names = file.array<char>("arrays").view();
  std::string_view rest(names.data(), names.size());
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos || from.arrays.size() == 64) {
      file.refuse("section \"arrays\" is no list of names");
    }
    const std::string name(rest.substr(0, end));
    from.arrays[name] = read_array(file, name);
    rest.remove_prefix(end + 1);
  }
  try {
    return make_imported(std::move(from));
  } catch (const core::error& problem) {
    if (problem.code() != errc::invalid_argument) {
      throw;
    }
    file.refuse(problem.what());
  }
}

class imported_family_object final : public family {
 public:
  std::string_view name() const noexcept override { return imported_family_name; }
  forgetting_level forgets() const noexcept override { return forgetting_level::opaque; }
  std::string_view source() const noexcept override { return "a model that was trained elsewhere"; }
  std::string complete(std::string_view) const override { cannot_train(); }
  memory_estimate estimate(const training_data&, std::string_view, unsigned) const override { cannot_train(); }
  std::unique_ptr<model> train(const training_data&, std::string_view, const training_context&) const override {
    cannot_train();
  }
  std::unique_ptr<model> load(std::shared_ptr<const model_file> file, const training_context&) const override {
    return load_imported(*file);
  }
};

}  // namespace

const family& imported_family() {
  static const imported_family_object object;
  return object;
}

std::unique_ptr<model> make_imported(portable_model from) {
  // Names become sections of a model file, which are short; what no family knows is left out.
  std::erase_if(from.arrays, [](const auto& one) {
    return one.first.empty() || one.first.size() > longest_name || one.first.find('\n') != std::string::npos;
  });
  if (from.origin.size() > max_origin_bytes) {
    throw core::error(errc::invalid_argument, fmt::format("origin has {} bytes, more than max_origin_bytes = {}",
                                                          from.origin.size(), max_origin_bytes));
  }
  return std::make_unique<imported_model>(std::move(from));
}

}  // namespace eunomia::recommend
