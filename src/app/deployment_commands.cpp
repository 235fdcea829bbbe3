// eunomia recommend deploy, withdraw and deployments: versions that answer beside the one that serves.

#include <fmt/format.h>

#include <memory>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/json.h"
#include "core/time.h"

namespace eunomia::app {

namespace {

struct deployment_flags {
  std::string name;
  std::string deployment;
  std::int64_t version = 0;
};

struct deployment_row {
  std::string name;
  std::int64_t version = 0;
  std::string created_at;
  std::string updated_at;
};
BOOST_DESCRIBE_STRUCT(deployment_row, (), (name, version, created_at, updated_at))

struct deployment_rows {
  std::vector<deployment_row> deployments;
};
BOOST_DESCRIBE_STRUCT(deployment_rows, (), (deployments))

struct version_row {
  std::int64_t version = 0;
};
BOOST_DESCRIBE_STRUCT(version_row, (), (version))

deployment_row row_of(const recommend::deployment_record& record) {
  return {record.name, record.version, core::format_iso8601(record.created_at),
          core::format_iso8601(record.updated_at)};
}

std::string target_of(const deployment_flags& flags) {
  std::string target = fmt::format("/api/v1/recommenders/{}/deployments", segment(flags.name));
  return flags.deployment.empty() ? target : target + "/" + segment(flags.deployment);
}

void deploy(const deployment_flags& flags, environment& shared) {
  deployment_row row;
  if (shared.server.empty()) {
    data_directory data(shared);
    row = row_of(data.recommenders().deploy(flags.name, flags.deployment, flags.version, shared.context()));
  } else {
    row = core::read_json<deployment_row>(
        remote(shared).put(target_of(flags), core::write_json(version_row{flags.version})));
  }
  shared.print(shared.json ? core::write_json(row, 2)
                           : fmt::format("{} version {} answers as {}\n", flags.name, row.version, row.name));
}

void withdraw(const deployment_flags& flags, environment& shared) {
  if (shared.server.empty()) {
    data_directory data(shared);
    data.recommenders().withdraw(flags.name, flags.deployment);
  } else {
    remote(shared).erase(target_of(flags));
  }
  if (!shared.json) {
    shared.print(fmt::format("Nothing answers as {} of {} any more\n", flags.deployment, flags.name));
  }
}

void list(const deployment_flags& flags, environment& shared) {
  deployment_rows rows;
  if (shared.server.empty()) {
    data_directory data(shared);
    for (const auto& record : data.recommenders().deployments(flags.name)) {
      rows.deployments.push_back(row_of(record));
    }
  } else {
    rows = core::read_json<deployment_rows>(remote(shared).get(target_of(flags)));
  }
  if (shared.json) {
    shared.print(core::write_json(rows, 2));
    return;
  }
  text_table table({"deployment", "version", "since"});
  for (const deployment_row& row : rows.deployments) {
    table.add({row.name, std::to_string(row.version), row.updated_at});
  }
  shared.print(table.str());
}

CLI::App* add(CLI::App& recommend, environment& shared, const std::shared_ptr<deployment_flags>& flags,
              const std::string& name, const std::string& what,
              void (*run)(const deployment_flags& flags, environment& shared)) {
  CLI::App* command = recommend.add_subcommand(name, what);
  command->add_option("--name", flags->name, "The trained model")->required();
  command->callback([flags, &shared, run] { shared.action = [flags, &shared, run] { run(*flags, shared); }; });
  return command;
}

}  // namespace

void add_deployments(CLI::App& recommend, environment& shared) {
  const auto flags = std::make_shared<deployment_flags>();
  const auto add_deployment = [&](CLI::App* command) {
    command->add_option("--deployment", flags->deployment, "The name that it answers under")->required();
  };
  CLI::App* made = add(recommend, shared, flags, "deploy", "Let a version answer beside the one that serves", deploy);
  add_deployment(made);
  made->add_option("--version", flags->version, "Which of the kept versions")->required();
  add_deployment(add(recommend, shared, flags, "withdraw", "Let nothing answer under a name any more", withdraw));
  add(recommend, shared, flags, "deployments", "Which versions answer under names of their own", list);
}

}  // namespace eunomia::app
