#include "app/options.h"

#include <algorithm>
#include <memory>

#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"
#include "subject/directory.h"

namespace eunomia::app {

namespace {

// "name=value" in two; what names the flag in the error.
std::pair<std::string, std::string> cut(std::string_view flag, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    throw core::error(core::errc::invalid_argument, std::string(flag) + " \"" + text +
                                                        "\": expected NAME=VALUE, such as " +
                                                        (flag == "--set" ? "lambda=300" : "USER_ID=customer_id"));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

core::json_value value_of(const std::string& text) {
  try {
    return core::parse_json(text);
  } catch (const core::error&) {
    return core::json_value::of_string(text);
  }
}

// A tree of settings by dotted names.
struct setting {
  std::map<std::string, setting> members;
  std::optional<core::json_value> value;

  core::json_value json() const {
    if (value) {
      return *value;
    }
    core::json_value object = core::json_value::of_object();
    for (const auto& [name, member] : members) {
      object.append(name, member.json());
    }
    return object;
  }
};

}  // namespace

void add_set_option(CLI::App& command, std::vector<std::string>& settings) {
  command
      .add_option("--set", settings,
                  "A parameter of the model, NAME=VALUE (weighting.half_life_days=90); may be repeated")
      ->allow_extra_args(false);
}

std::string parameters_of(const std::vector<std::string>& settings) {
  setting root;
  for (const std::string& text : settings) {
    const auto [name, value] = cut("--set", text);
    setting* place = &root;
    bool twice = false;
    for (std::size_t begin = 0; begin <= name.size();) {
      const std::size_t end = std::min(name.find('.', begin), name.size());
      place = &place->members[name.substr(begin, end - begin)];
      twice = twice || place->value.has_value();
      begin = end + 1;
    }
    if (twice || !place->members.empty()) {
      throw core::error(core::errc::invalid_argument, "--set " + name + " is given twice");
    }
    place->value = value_of(value);
  }
  core::json_writer out;
  out.value(root.json());
  return std::move(out).text();
}

void add_space_option(CLI::App& command, std::optional<std::string>& space) {
  command.add_option("--space", space,
                     "The id space of --user, such as email, into which it was linked; without: USER_IDs");
}

void add_column_option(CLI::App& command, std::vector<std::string>& columns) {
  command
      .add_option("--column", columns,
                  "What the files call a column, OURS=THEIRS (USER_ID=customer_id); may be repeated")
      ->allow_extra_args(false);
}

std::map<std::string, std::string> columns_of(const std::vector<std::string>& columns) {
  std::map<std::string, std::string> result;
  for (const std::string& text : columns) {
    const auto [ours, theirs] = cut("--column", text);
    if (!result.emplace(ours, theirs).second) {
      throw core::error(core::errc::invalid_argument, "--column " + ours + " is given twice");
    }
  }
  return result;
}

recommend::split read_test_data(const test_data_options& options, environment& shared) {
  const auto people = subject::make_memory_directory();
  recommend::import_options how;
  how.columns = columns_of(options.columns);
  const auto read = [&](std::span<const std::filesystem::path> files) {
    return recommend::read_interactions(files, *people, how, shared.job());
  };
  const auto train = read(options.train);
  const auto fold_in = read({&options.fold_in, 1});
  return options.targets.empty() ? recommend::told_split(train, fold_in)
                                 : recommend::given_split(train, fold_in, read({&options.targets, 1}));
}

std::size_t people_in(const recommend::interactions& events) {
  std::vector<core::subject_handle> people = events.subject;
  std::sort(people.begin(), people.end());
  return static_cast<std::size_t>(std::unique(people.begin(), people.end()) - people.begin());
}

std::string selection_table(const recommend::selection& choice) {
  text_table table({"", "candidate", "nDCG@10", "recall@20", "MRR@25", "coverage@25", "train s", "note"});
  for (std::size_t i = 0; i < choice.results.size(); ++i) {
    const auto& r = choice.results[i];
    const bool tried = r.skipped.empty();
    const auto number = [&](double value, int decimals) { return tried ? fixed(value, decimals) : std::string("-"); };
    table.add({i == choice.best ? "*" : "", r.what.family + (r.what.parameters == "{}" ? "" : " " + r.what.parameters),
               number(r.held_out.ndcg_at_10.value, 4), number(r.held_out.recall_at_20.value, 4),
               number(r.held_out.mrr_at_25.value, 4), number(r.held_out.coverage_at_25, 3), number(r.train_seconds, 2),
               r.skipped});
  }
  return table.str();
}

}  // namespace eunomia::app
