// eunomia recommend forget: people leave every model, every dataset, and the directory of identifiers.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/options.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"
#include "recommend/family.h"

namespace eunomia::app {

namespace {

struct forget_flags {
  std::vector<std::string> users;
  std::filesystem::path users_from;
};

struct forgotten_model {
  std::string name;
  std::string family;
  std::uint32_t people = 0;
  std::uint64_t pairs = 0;
  std::string level;
  double milliseconds = 0;
};
BOOST_DESCRIBE_STRUCT(forgotten_model, (), (name, family, people, pairs, level, milliseconds))

struct erased_dataset {
  std::string name;
  std::uint64_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(erased_dataset, (), (name, rows))

struct forget_row {
  std::uint64_t asked = 0;
  std::uint64_t known = 0;
  std::vector<forgotten_model> models;
  std::vector<erased_dataset> datasets;
  double seconds = 0;
};
BOOST_DESCRIBE_STRUCT(forget_row, (), (asked, known, models, datasets, seconds))

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

std::vector<std::string> users_of(const forget_flags& flags) {
  std::vector<std::string> users = flags.users;
  if (!flags.users_from.empty()) {
    const std::string text = core::read_file(flags.users_from);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      std::string line = text.substr(begin, end - begin);
      if (!line.empty() && line.back() == '\r') {
        line.pop_back();
      }
      if (!line.empty()) {
        users.push_back(std::move(line));
      }
      begin = end + 1;
    }
  }
  if (users.empty()) {
    throw core::error(core::errc::invalid_argument,
                      "nobody to forget: give --user ID or --users-from FILE, an id a line");
  }
  return users;
}

std::vector<core::subject_handle> handles_of(const subject::directory& people, const std::vector<std::string>& users) {
  const std::vector<std::string_view> views(users.begin(), users.end());
  std::vector<core::subject_handle> handles = people.find_all(user_space, views);
  std::erase(handles, core::subject_handle());
  std::sort(handles.begin(), handles.end());
  handles.erase(std::unique(handles.begin(), handles.end()), handles.end());
  return handles;
}

// The model leaves the file it had: forgotten, re-derived to the bits of a retrain, saved anew, the old file gone.
forgotten_model forget_in(data_directory& data, const recommend::model_record& record,
                          std::span<const core::subject_handle> gone, environment& shared) {
  const auto begin = std::chrono::steady_clock::now();
  const auto context = shared.context();
  const auto model = data.models().load(record, context);
  const auto report = model->forget(gone, context);
  forgotten_model result{
      record.name, record.family, report.subjects, report.interactions, std::string(name_of(report.level)), 0};
  if (report.subjects > 0) {
    if (report.level == recommend::forgetting_level::exact_up_to_rounding) {
      model->rederive(context);
      result.level = name_of(recommend::forgetting_level::exact);
    }
    data.models().replace(record, *model);
  }
  result.milliseconds = milliseconds_since(begin);
  return result;
}

// Only the last step takes away what leads from the raw identifier to the handle: a run that was killed is run again.
forget_row forget_everywhere(data_directory& data, std::span<const core::subject_handle> gone, environment& shared) {
  forget_row row;
  row.known = gone.size();
  for (const auto& record : data.models().list()) {
    row.models.push_back(forget_in(data, record, gone, shared));
    shared.job().report("models", row.models.size(), 0);
  }
  for (const auto& description : data.datasets().list()) {
    auto dataset = data.datasets().open(description.name);
    row.datasets.push_back({description.name, dataset.erase_subjects(gone, shared.pool(), shared.job())});
  }
  data.database().write([&](store::sql::transaction& in) {
    for (const core::subject_handle subject : gone) {
      data.people().erase(in, subject);
    }
  });
  data.database().checkpoint_truncate();
  return row;
}

void forget(const forget_flags& flags, environment& shared) {
  const auto begin = std::chrono::steady_clock::now();
  const auto users = users_of(flags);
  data_directory data(shared);
  const auto gone = handles_of(data.people(), users);
  if (gone.empty()) {
    throw core::error(core::errc::not_found, fmt::format("none of the {} given is known in this data directory, or all "
                                                         "were forgotten before",
                                                         grouped(users.size())));
  }
  forget_row row = forget_everywhere(data, gone, shared);
  row.asked = users.size();
  row.seconds = milliseconds_since(begin) / 1000;
  if (shared.json) {
    shared.print(core::write_json(row, 2));
    return;
  }
  text_table models({"model", "family", "people taken out", "pairs", "level", "ms with saving"});
  for (const forgotten_model& m : row.models) {
    models.add({m.name, m.family, grouped(m.people), grouped(m.pairs), m.level, fixed(m.milliseconds, 1)});
  }
  text_table datasets({"dataset", "rows erased"});
  for (const erased_dataset& d : row.datasets) {
    datasets.add({d.name, grouped(d.rows)});
  }
  shared.print(fmt::format("{} of {} given were known; forgotten everywhere in {:.2f} s\n\n{}\n{}", grouped(row.known),
                           grouped(row.asked), row.seconds, models.str(), datasets.str()));
}

}  // namespace

void add_forget(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<forget_flags>();
  CLI::App* command = recommend.add_subcommand(
      "forget", "Take people out of every model, every dataset and the directory of identifiers");
  command->add_option("--user", flags->users, "A USER_ID; may be repeated")->allow_extra_args(false);
  command->add_option("--users-from", flags->users_from, "A file with a USER_ID a line");
  command->callback([flags, &shared] { shared.action = [flags, &shared] { forget(*flags, shared); }; });
}

}  // namespace eunomia::app
