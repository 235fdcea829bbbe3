// eunomia recommend forget: people leave every model, every dataset, and the directory of identifiers.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/options.h"
#include "app/remote.h"
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

struct forget_row {
  std::uint64_t asked = 0;
  std::uint64_t known = 0;
  std::vector<recommend::forgotten_model> models;
  std::vector<recommend::erased_dataset> datasets;
  double seconds = 0;
};
BOOST_DESCRIBE_STRUCT(forget_row, (), (asked, known, models, datasets, seconds))

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

struct people_row {
  std::vector<std::string> users;
};
BOOST_DESCRIBE_STRUCT(people_row, (), (users))

struct forgetting_row {
  std::int64_t id = 0;
  std::string state;
  std::uint64_t people = 0;
  std::vector<recommend::forgotten_model> models;
  std::vector<recommend::erased_dataset> datasets;
};
BOOST_DESCRIBE_STRUCT(forgetting_row, (), (id, state, people, models, datasets))

// Asks the server, and waits until nothing is left on its disk.
forget_row forget_remotely(const std::vector<std::string>& users, environment& shared) {
  constexpr std::chrono::milliseconds look_interval(200);
  remote server(shared);
  auto now = server.post<forgetting_row>("/api/v1/forgettings", core::write_json(people_row{users}));
  while (now.state != "completed") {
    shared.job().check();
    std::this_thread::sleep_for(look_interval);
    now = core::read_json<forgetting_row>(server.get(fmt::format("/api/v1/forgettings/{}", now.id)));
  }
  return {users.size(), now.people, std::move(now.models), std::move(now.datasets), 0};
}

forget_row forget_here(const std::vector<std::string>& users, environment& shared) {
  data_directory data(shared);
  const auto gone = handles_of(data.people(), users);
  // Somebody whose forgetting was begun before, and killed, is not known any more, and waits to be finished.
  if (gone.empty() && !data.recommenders().forgettings_wait()) {
    throw core::error(core::errc::not_found, fmt::format("none of the {} given is known in this data directory, or all "
                                                         "were forgotten before",
                                                         grouped(users.size())));
  }
  if (!gone.empty()) {
    data.recommenders().begin_forgetting(gone, shared.context());
  }
  forget_row row{users.size(), gone.size(), {}, {}, 0};
  if (auto report = data.recommenders().finish_forgettings(shared.context())) {
    row.models = std::move(report->models);
    row.datasets = std::move(report->datasets);
  }
  return row;
}

void forget(const forget_flags& flags, environment& shared) {
  const auto begin = std::chrono::steady_clock::now();
  const auto users = users_of(flags);
  forget_row row = shared.server.empty() ? forget_here(users, shared) : forget_remotely(users, shared);
  row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (shared.json) {
    shared.print(core::write_json(row, 2));
    return;
  }
  text_table models({"model", "version", "family", "people taken out", "pairs", "level", "ms with saving"});
  for (const auto& m : row.models) {
    models.add({m.name, std::to_string(m.version), m.family, grouped(m.people), grouped(m.pairs), m.level,
                fixed(m.milliseconds, 1)});
  }
  text_table datasets({"dataset", "rows erased"});
  for (const auto& d : row.datasets) {
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
