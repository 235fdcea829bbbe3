// eunomia recommend export and list: data out, and what there is.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/time.h"
#include "store/table/record_writer.h"

namespace eunomia::app {

namespace {

struct export_flags {
  std::string dataset;
  std::string kind = "interactions";
  std::filesystem::path to;
  std::string recipient;
};

struct export_row {
  std::string dataset;
  std::string kind;
  std::string file;
  std::uint64_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(export_row, (), (dataset, kind, file, rows))

std::uint64_t export_here(const export_flags& flags, environment& shared) {
  data_directory data(shared);
  const auto dataset = data.datasets().open(flags.dataset);
  const auto kind = recommend::data_kind_named(flags.kind);
  return dataset.export_to(kind, flags.to, recommendation_purpose(),
                           flags.recipient.empty() ? "who used the command line" : flags.recipient, shared.job());
}

std::uint64_t export_remotely(const export_flags& flags, environment& shared) {
  const bool parquet = store::table::record_format_of(flags.to) == store::table::record_format::parquet;
  const std::string_view format = parquet ? "parquet" : flags.to.extension() == ".gz" ? "csv.gz" : "csv";
  return remote(shared).download(
      fmt::format("/api/v1/datasets/{}/export?kind={}&format={}{}", segment(flags.dataset), segment(flags.kind), format,
                  flags.recipient.empty() ? "" : "&recipient=" + segment(flags.recipient)),
      flags.to);
}

void export_data(const export_flags& flags, environment& shared) {
  export_row row{flags.dataset, flags.kind, flags.to.string(), 0};
  row.rows = shared.server.empty() ? export_here(flags, shared) : export_remotely(flags, shared);
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

struct remote_counts {
  std::uint64_t interactions = 0;
  std::uint64_t items = 0;
  std::uint64_t users = 0;
  std::uint64_t bytes = 0;
};
BOOST_DESCRIBE_STRUCT(remote_counts, (), (interactions, items, users, bytes))
struct remote_dataset {
  std::string name;
  std::vector<std::string> purposes;
  remote_counts counts;
};
BOOST_DESCRIBE_STRUCT(remote_dataset, (), (name, purposes, counts))
struct remote_datasets {
  std::vector<remote_dataset> datasets;
};
BOOST_DESCRIBE_STRUCT(remote_datasets, (), (datasets))
struct remote_version {
  std::int64_t version = 0;
  std::string family;
  core::json_value parameters;
  std::string trained_at;
  std::uint64_t people = 0;
  std::uint64_t pairs = 0;
  std::uint64_t bytes = 0;
  std::optional<core::json_value> metrics;
};
BOOST_DESCRIBE_STRUCT(remote_version, (), (version, family, parameters, trained_at, people, pairs, bytes, metrics))
struct remote_recommender {
  std::string name;
  std::string dataset;
  std::optional<remote_version> serving;
};
BOOST_DESCRIBE_STRUCT(remote_recommender, (), (name, dataset, serving))
struct remote_recommenders {
  std::vector<remote_recommender> recommenders;
};
BOOST_DESCRIBE_STRUCT(remote_recommenders, (), (recommenders))

listing listing_of(remote server) {
  listing result;
  for (auto& d : core::read_json<remote_datasets>(server.get("/api/v1/datasets")).datasets) {
    result.datasets.push_back({std::move(d.name), d.counts.interactions, d.counts.items, d.counts.users, d.counts.bytes,
                               std::move(d.purposes)});
  }
  for (auto& r : core::read_json<remote_recommenders>(server.get("/api/v1/recommenders")).recommenders) {
    if (r.serving) {
      result.models.push_back({r.name, r.dataset, r.serving->family, r.serving->version, r.serving->trained_at,
                               r.serving->people, r.serving->pairs, r.serving->bytes, r.serving->parameters,
                               r.serving->metrics.value_or(core::json_value::of_object())});
    }
  }
  return result;
}

listing everything(environment& shared) {
  if (!shared.server.empty()) {
    return listing_of(remote(shared));
  }
  data_directory data(shared);
  return listing_of(data);
}

void list(environment& shared) {
  const listing all = everything(shared);
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

void add_export(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<export_flags>();
  CLI::App* command = recommend.add_subcommand("export", "Write a dataset's rows to a CSV or Parquet file");
  command->add_option("--dataset", flags->dataset, "Which")->required();
  command->add_option("--kind", flags->kind, "interactions, items or users")->capture_default_str();
  command->add_option("--to", flags->to, "FILE.csv, FILE.csv.gz or FILE.parquet")->required();
  command->add_option("--recipient", flags->recipient,
                      "Who is handed rows about people: on record, for who asks, and to be told of erasures");
  command->callback([flags, &shared] { shared.action = [flags, &shared] { export_data(*flags, shared); }; });
}

void add_list(CLI::App& recommend, environment& shared) {
  CLI::App* command = recommend.add_subcommand("list", "Datasets and trained models");
  command->callback([&shared] { shared.action = [&shared] { list(shared); }; });
}

}  // namespace eunomia::app
