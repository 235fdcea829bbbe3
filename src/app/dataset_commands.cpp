// eunomia recommend import, export and list: data in, data out, and what there is.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/options.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/time.h"

namespace eunomia::app {

namespace {

struct import_row {
  std::string dataset;
  std::string kind;
  std::uint64_t rows = 0;
  std::uint64_t rejected = 0;
  std::map<std::string, std::uint64_t> rejected_by_reason;
  std::uint64_t new_users = 0;
  std::uint64_t new_items = 0;
  std::vector<std::string> declared;
  std::vector<std::string> ignored;
  std::vector<std::string> warnings;
  double seconds = 0;
};
BOOST_DESCRIBE_STRUCT(import_row, (),
                      (dataset, kind, rows, rejected, rejected_by_reason, new_users, new_items, declared, ignored,
                       warnings, seconds))

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
  data_directory data(shared);
  recommend::dataset into = open_or_create(data, flags);
  std::vector<import_row> rows;
  for (const part& p : parts) {
    if (p.files->empty()) {
      continue;
    }
    const auto report =
        recommend::import_files(into, p.kind, *p.files, options_of(flags, p.kind), shared.pool(), shared.job());
    rows.push_back({flags.dataset, std::string(name_of(p.kind)), report.rows, report.rejected,
                    report.rejected_by_reason, report.new_users, report.new_items, report.declared, report.ignored,
                    report.warnings, report.seconds});
    if (!shared.json) {
      shared.print(sentence_of(rows.back()));
    }
  }
  if (shared.json) {
    shared.print(core::write_json(rows, 2));
  }
}

struct export_flags {
  std::string dataset;
  std::string kind = "interactions";
  std::filesystem::path to;
};

struct export_row {
  std::string dataset;
  std::string kind;
  std::string file;
  std::uint64_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(export_row, (), (dataset, kind, file, rows))

void export_data(const export_flags& flags, environment& shared) {
  data_directory data(shared);
  const auto dataset = data.datasets().open(flags.dataset);
  const auto kind = recommend::data_kind_named(flags.kind);
  export_row row{flags.dataset, flags.kind, flags.to.string(), 0};
  row.rows = dataset.export_to(kind, flags.to, recommendation_purpose(), shared.job());
  shared.print(
      shared.json ? core::write_json(row, 2)
                  : fmt::format("{} rows of {} of {} are in {}\n", grouped(row.rows), row.kind, row.dataset, row.file));
}

struct dataset_row {
  std::string name;
  std::uint64_t interactions = 0;
  std::uint64_t items = 0;
  std::uint64_t users = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> purposes;
};
BOOST_DESCRIBE_STRUCT(dataset_row, (), (name, interactions, items, users, bytes, purposes))

struct model_row {
  std::string name;
  std::string dataset;
  std::string family;
  std::int64_t version = 0;
  std::string trained_at;
  std::uint64_t people = 0;
  std::uint64_t pairs = 0;
  std::uint64_t bytes = 0;
  core::json_value parameters;
  core::json_value metrics;
};
BOOST_DESCRIBE_STRUCT(model_row, (),
                      (name, dataset, family, version, trained_at, people, pairs, bytes, parameters, metrics))

struct listing {
  std::vector<dataset_row> datasets;
  std::vector<model_row> models;
};
BOOST_DESCRIBE_STRUCT(listing, (), (datasets, models))

listing listing_of(data_directory& data) {
  listing result;
  for (const auto& description : data.datasets().list()) {
    const auto statistics = data.datasets().open(description.name).statistics();
    dataset_row row{description.name, statistics.interactions, statistics.items,
                    statistics.users, statistics.bytes,        {}};
    for (const core::purpose& purpose : description.purposes) {
      row.purposes.push_back(purpose.name());
    }
    result.datasets.push_back(std::move(row));
  }
  for (const auto& m : data.models().list()) {
    result.models.push_back({m.name, m.dataset, m.family, m.version, core::format_iso8601(m.trained_at), m.people,
                             m.pairs, m.file.size, core::parse_json(m.parameters), core::parse_json(m.metrics)});
  }
  return result;
}

void list(environment& shared) {
  data_directory data(shared);
  const listing all = listing_of(data);
  if (shared.json) {
    shared.print(core::write_json(all, 2));
    return;
  }
  text_table datasets({"dataset", "interactions", "items", "users", "on disk", "purposes"});
  for (const dataset_row& d : all.datasets) {
    datasets.add({d.name, grouped(d.interactions), grouped(d.items), grouped(d.users), core::human_bytes(d.bytes),
                  fmt::format("{}", fmt::join(d.purposes, ", "))});
  }
  text_table models({"model", "dataset", "family", "version", "trained", "people", "pairs", "on disk"});
  for (const model_row& m : all.models) {
    models.add({m.name, m.dataset, m.family, std::to_string(m.version), m.trained_at, grouped(m.people),
                grouped(m.pairs), core::human_bytes(m.bytes)});
  }
  shared.print(datasets.str() + "\n" + models.str());
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

void add_export(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<export_flags>();
  CLI::App* command = recommend.add_subcommand("export", "Write a dataset's rows to a CSV or Parquet file");
  command->add_option("--dataset", flags->dataset, "Which")->required();
  command->add_option("--kind", flags->kind, "interactions, items or users")->capture_default_str();
  command->add_option("--to", flags->to, "FILE.csv, FILE.csv.gz or FILE.parquet")->required();
  command->callback([flags, &shared] { shared.action = [flags, &shared] { export_data(*flags, shared); }; });
}

void add_list(CLI::App& recommend, environment& shared) {
  CLI::App* command = recommend.add_subcommand("list", "Datasets and trained models");
  command->callback([&shared] { shared.action = [&shared] { list(shared); }; });
}

}  // namespace eunomia::app
