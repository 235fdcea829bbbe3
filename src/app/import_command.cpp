// eunomia recommend import: files in, by this process or by a server.

#include <fmt/format.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/options.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"

namespace eunomia::app {

namespace {

struct import_row : recommend::import_report {
  std::string dataset;
  std::string kind;
};
BOOST_DESCRIBE_STRUCT(import_row, (recommend::import_report), (dataset, kind))

struct import_flags {
  std::string dataset;
  std::vector<std::filesystem::path> interactions;
  std::vector<std::filesystem::path> items;
  std::vector<std::filesystem::path> users;
  std::vector<std::string> columns;
  std::vector<std::string> declare;
  std::string undeclared = "refuse";
  std::string skip_invalid;
  std::vector<std::string> purposes;
  bool allow_future = false;
  bool again = false;
};

recommend::dataset open_or_create(data_directory& data, const import_flags& flags) {
  recommend::check_name("dataset", flags.dataset);
  for (const auto& existing : data.datasets().list()) {
    if (existing.name == flags.dataset) {
      if (!flags.purposes.empty()) {
        throw core::error(core::errc::failed_precondition,
                          "dataset \"" + flags.dataset +
                              "\" exists, and what it may be used for was settled when it was collected; leave "
                              "--purpose out, or import into a new dataset");
      }
      return data.datasets().open(flags.dataset);
    }
  }
  recommend::dataset_description description;
  description.name = flags.dataset;
  if (!flags.purposes.empty()) {
    description.purposes.clear();
    for (const std::string& purpose : flags.purposes) {
      description.purposes.emplace_back(purpose);
    }
  }
  return data.datasets().create(description);
}

recommend::import_options options_of(const import_flags& flags, recommend::data_kind kind) {
  recommend::import_options how;
  how.columns = columns_of(flags.columns);
  for (const std::string& text : flags.declare) {
    // "items.PRICE:number" belongs to items; without a table it belongs to whichever is imported.
    const std::string prefix = std::string(name_of(kind)) + ".";
    const std::size_t dot = text.find('.');
    if (dot == std::string::npos) {
      how.declare.push_back(recommend::metadata_column::parse(text));
    } else if (text.starts_with(prefix)) {
      how.declare.push_back(recommend::metadata_column::parse(text.substr(prefix.size())));
    } else {
      recommend::data_kind_named(text.substr(0, dot));
    }
  }
  how.undeclared = flags.undeclared == "declare"  ? recommend::undeclared_columns::declare
                   : flags.undeclared == "ignore" ? recommend::undeclared_columns::ignore
                                                  : recommend::undeclared_columns::refuse;
  if (!flags.skip_invalid.empty()) {
    how.rejects = flags.skip_invalid;
  }
  how.allow_future = flags.allow_future;
  how.again = flags.again;
  return how;
}

std::string sentence_of(const import_row& row) {
  std::string text =
      fmt::format("{}: {} rows of {} in {:.1f} s", row.dataset, grouped(row.rows), row.kind, row.seconds);
  if (row.new_users > 0) {
    text += fmt::format(", {} new users", grouped(row.new_users));
  }
  if (row.new_items > 0) {
    text += fmt::format(", {} new items", grouped(row.new_items));
  }
  text += '\n';
  if (row.rejected > 0) {
    text += fmt::format("  {} rows were not imported:\n", grouped(row.rejected));
    for (const auto& [reason, count] : row.rejected_by_reason) {
      text += fmt::format("    {} {}\n", grouped(count), reason);
    }
  }
  for (const std::string& column : row.ignored) {
    text += fmt::format("  column {} was left out\n", column);
  }
  for (const std::string& warning : row.warnings) {
    text += fmt::format("  warning: {}\n", warning);
  }
  return text;
}

struct column_row {
  std::string name;
  std::string type;
};
BOOST_DESCRIBE_STRUCT(column_row, (), (name, type))

struct job_row {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(job_row, (), (id))

struct name_row {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(name_row, (), (name))

// What import does, by a server.
class remote_import {
 public:
  remote_import(const import_flags& flags, environment& shared) : flags_(flags), server_(shared) {
    if (!flags.skip_invalid.empty() || !flags.purposes.empty()) {
      throw core::error(core::errc::invalid_argument,
                        "--skip-invalid and --purpose are for a data directory: a server takes neither");
    }
    try {
      server_.get("/api/v1/datasets/" + segment(flags.dataset));
    } catch (const core::error& problem) {
      if (problem.code() != core::errc::not_found) {
        throw;
      }
      server_.post("/api/v1/datasets", core::write_json(name_row{flags.dataset}));
    }
  }

  import_row send(recommend::data_kind kind, const std::filesystem::path& file) {
    const auto how = options_of(flags_, kind);
    std::vector<column_row> declare;
    declare.reserve(how.declare.size());
    for (const auto& c : how.declare) {
      declare.push_back({c.name, std::string(recommend::name_of(c.type))});
    }
    const std::string target =
        fmt::format("/api/v1/datasets/{}/uploads?kind={}&undeclared={}&allow_future={}&again={}&columns={}&declare={}",
                    segment(flags_.dataset), name_of(kind), flags_.undeclared, flags_.allow_future, flags_.again,
                    segment(core::write_json(how.columns)), segment(core::write_json(declare)));
    const auto job = core::read_json<job_row>(server_.upload(target, file));
    return {core::read_json<recommend::import_report>(server_.wait_for_job(job.id)), flags_.dataset,
            std::string(name_of(kind))};
  }

 private:
  const import_flags& flags_;
  remote server_;
};

// All files of a kind, into the data directory in one piece, or one by one to a server.
using importer =
    std::function<std::vector<import_row>(recommend::data_kind kind, const std::vector<std::filesystem::path>& files)>;

importer importer_of(const import_flags& flags, environment& shared) {
  if (!shared.server.empty()) {
    const auto to = std::make_shared<remote_import>(flags, shared);
    return [to](recommend::data_kind kind, const std::vector<std::filesystem::path>& files) {
      std::vector<import_row> rows;
      rows.reserve(files.size());
      for (const auto& file : files) {
        rows.push_back(to->send(kind, file));
      }
      return rows;
    };
  }
  shared.job();  // so that Ctrl-C is heard from before the directory is opened
  const auto data = std::make_shared<data_directory>(shared);
  const auto into = std::make_shared<recommend::dataset>(open_or_create(*data, flags));
  return [data, into, &flags, &shared](recommend::data_kind kind, const std::vector<std::filesystem::path>& files) {
    auto report = recommend::import_files(*into, kind, files, options_of(flags, kind), shared.pool(), shared.job());
    return std::vector<import_row>{{std::move(report), flags.dataset, std::string(name_of(kind))}};
  };
}

void import(const import_flags& flags, environment& shared) {
  struct part {
    recommend::data_kind kind;
    const std::vector<std::filesystem::path>* files;
  };
  // Items and users first: their rows give meaning to what follows.
  const std::array<part, 3> parts = {{{recommend::data_kind::items, &flags.items},
                                      {recommend::data_kind::users, &flags.users},
                                      {recommend::data_kind::interactions, &flags.interactions}}};
  std::size_t given = 0;
  for (const part& p : parts) {
    given += p.files->empty() ? 0 : 1;
  }
  if (given == 0) {
    throw core::error(core::errc::invalid_argument, "nothing to import: give --interactions, --items or --users FILE");
  }
  if (given > 1 && !flags.skip_invalid.empty()) {
    throw core::error(core::errc::invalid_argument,
                      "--skip-invalid names one file of rejects: import interactions, items and users one by one");
  }
  const auto import_part = importer_of(flags, shared);
  std::vector<import_row> rows;
  for (const part& p : parts) {
    if (p.files->empty()) {
      continue;
    }
    for (import_row& row : import_part(p.kind, *p.files)) {
      if (!shared.json) {
        shared.print(sentence_of(row));
      }
      rows.push_back(std::move(row));
    }
  }
  if (shared.json) {
    shared.print(core::write_json(rows, 2));
  }
}

}  // namespace

void add_import(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<import_flags>();
  CLI::App* command =
      recommend.add_subcommand("import", "Import interactions, items and users from CSV, gzip or Parquet");
  command->add_option("--dataset", flags->dataset, "Where to; created when absent")->required();
  command->add_option("--interactions", flags->interactions,
                      "USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE, EVENT_VALUE, IMPRESSION");
  command->add_option("--items", flags->items, "ITEM_ID and metadata");
  command->add_option("--users", flags->users, "USER_ID and metadata");
  add_column_option(*command, flags->columns);
  command->add_option(
      "--declare", flags->declare,
      "A metadata column and its type, [items.]PRICE:number (integer, number, text, category); may be repeated");
  command->add_option("--undeclared", flags->undeclared, "What to do with further columns")
      ->check(CLI::IsMember({"refuse", "ignore", "declare"}))
      ->capture_default_str();
  command->add_option("--skip-invalid", flags->skip_invalid, "Keep the good rows and write the bad ones to this CSV");
  command->add_option("--purpose", flags->purposes, "What a new dataset may be used for (default: recommendation)");
  command->add_flag("--allow-future", flags->allow_future, "Accept timestamps more than a day ahead");
  command->add_flag("--again", flags->again, "Import a file that was imported before");
  command->callback([flags, &shared] { shared.action = [flags, &shared] { import(*flags, shared); }; });
}

}  // namespace eunomia::app
