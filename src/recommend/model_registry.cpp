#include "recommend/model_registry.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/hash.h"
#include "core/time.h"
#include "recommend/family.h"

namespace eunomia::recommend {

namespace {

using store::sql::connection;
using store::sql::row;
using store::sql::transaction;

constexpr std::string_view columns =
    "name, dataset, family, parameters, version, trained_at, people, pairs, metrics, file_key, file_size, file_digest";

model_record record_of(const row& r) {
  model_record record;
  record.name = r.text(0);
  record.dataset = r.text(1);
  record.family = r.text(2);
  record.parameters = r.text(3);
  record.version = r.int64(4);
  record.trained_at = r.int64(5);
  record.people = r.uint64(6);
  record.pairs = r.uint64(7);
  record.metrics = r.text(8);
  record.file.key = r.text(9);
  record.file.size = r.uint64(10);
  record.file.digest = core::digest128_from_hex(r.text(11));
  return record;
}

std::optional<model_record> select(connection& in, std::string_view name) {
  const auto found =
      in.query_one("SELECT " + std::string(columns) + " FROM recommend_model WHERE name = :name", {{"name", name}});
  return found.empty() ? std::nullopt : std::optional(record_of(found[0]));
}

std::vector<model_record> select_all(connection& in, std::string_view where,
                                     std::initializer_list<store::sql::argument> args) {
  std::vector<model_record> result;
  in.each("SELECT " + std::string(columns) + " FROM recommend_model " + std::string(where) + " ORDER BY name", args,
          [&](const row& r) { result.push_back(record_of(r)); });
  return result;
}

void insert(transaction& in, const model_record& record) {
  const std::string digest = core::to_hex(record.file.digest);
  in.execute(
      "INSERT INTO recommend_model (name, dataset, family, parameters, version, trained_at, people, pairs, metrics, "
      "file_key, file_size, file_digest) VALUES (:name, :dataset, :family, :parameters, :version, :trained_at, "
      ":people, "
      ":pairs, :metrics, :file_key, :file_size, :file_digest)",
      {{"name", record.name},
       {"dataset", record.dataset},
       {"family", record.family},
       {"parameters", record.parameters},
       {"version", record.version},
       {"trained_at", record.trained_at},
       {"people", record.people},
       {"pairs", record.pairs},
       {"metrics", record.metrics},
       {"file_key", record.file.key},
       {"file_size", record.file.size},
       {"file_digest", digest}});
}

// Runs the change that names a new file; when it fails, the file goes.
template <class Change>
auto named_or_removed(store::blob_store& blobs, const store::blob_ref& file, Change&& change) {
  try {
    return change();
  } catch (...) {
    blobs.remove(file.key);
    throw;
  }
}

}  // namespace

std::span<const store::sql::migration> model_registry_migrations() {
  static constexpr std::array<store::sql::migration, 1> steps = {{
      {"recommend-models", 1,
       "CREATE TABLE recommend_model ("
       "  name {text} PRIMARY KEY,"
       "  dataset {text} NOT NULL,"
       "  family {text} NOT NULL,"
       "  parameters {text} NOT NULL,"
       "  version BIGINT NOT NULL,"
       "  trained_at BIGINT NOT NULL,"
       "  people BIGINT NOT NULL,"
       "  pairs BIGINT NOT NULL,"
       "  metrics {text} NOT NULL,"
       "  file_key {text} NOT NULL,"
       "  file_size BIGINT NOT NULL,"
       "  file_digest {text} NOT NULL)"},
  }};
  return steps;
}

void check_name(std::string_view what, std::string_view text) {
  constexpr std::size_t longest = 64;
  const bool good = !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!good) {
    throw core::error(core::errc::invalid_argument, std::string(what) + " \"" + std::string(text.substr(0, longest)) +
                                                        "\": a name is 1 to 64 of a-z, 0-9, '_' and '-'");
  }
}

model_registry::model_registry(store::sql::database& database, store::blob_store& blobs)
    : database_(database), blobs_(blobs) {
  std::vector<std::string> named;
  for (const model_record& record : list()) {
    named.push_back(record.file.key);
  }
  std::sort(named.begin(), named.end());
  try {
    blobs_.sweep("models/", [&](std::string_view key) { return std::binary_search(named.begin(), named.end(), key); });
  } catch (const core::error& e) {
    // Another process has the store open and may be about to name what looks left over: it sweeps, not we.
    if (e.code() != core::errc::unavailable) {
      throw;
    }
  }
}

store::blob_ref model_registry::save(std::string_view name, const model& trained) {
  const auto scratch = blobs_.scratch_path(".model");
  trained.save(scratch);
  // The time makes the key new: a key is never written twice.
  for (std::int64_t stamp = core::now_ms();; ++stamp) {
    const std::string key = "models/" + std::string(name) + "/" + std::to_string(stamp) + ".model";
    if (!blobs_.exists(key)) {
      return blobs_.adopt(scratch, key);
    }
  }
}

model_record model_registry::add(const std::string& name, const std::string& dataset, const model& trained,
                                 std::string metrics) {
  check_name("model", name);
  model_record record;
  record.name = name;
  record.dataset = dataset;
  record.family = trained.family();
  record.parameters = trained.parameters();
  record.trained_at = core::now_ms();
  record.people = trained.learned_from().rows();
  record.pairs = trained.learned_from().size();
  record.metrics = metrics.empty() ? "{}" : std::move(metrics);
  record.file = save(name, trained);
  const auto publish = [&](transaction& in) {
    const auto old = select(in, name);
    if (old && old->dataset != dataset) {
      throw core::error(core::errc::already_exists,
                        "model \"" + name + "\" belongs to dataset \"" + old->dataset + "\"; choose another --name");
    }
    record.version = old ? old->version + 1 : 1;
    in.execute("DELETE FROM recommend_model WHERE name = :name", {{"name", name}});
    insert(in, record);
    return old;
  };
  const auto before = named_or_removed(blobs_, record.file, [&] { return database_.write(publish); });
  if (before) {
    blobs_.remove(before->file.key);
  }
  return record;
}

model_record model_registry::replace(const model_record& record, const model& changed) {
  model_record next = record;
  next.people = changed.learned_from().rows();
  next.pairs = changed.learned_from().size();
  next.file = save(record.name, changed);
  const auto publish = [&](transaction& in) {
    const auto gone = in.execute("DELETE FROM recommend_model WHERE name = :name AND file_key = :file_key",
                                 {{"name", record.name}, {"file_key", record.file.key}});
    if (gone == 0) {
      throw core::error(core::errc::failed_precondition,
                        "model \"" + record.name + "\" was replaced or removed meanwhile; run the command again");
    }
    insert(in, next);
  };
  named_or_removed(blobs_, next.file, [&] { database_.write(publish); });
  blobs_.remove(record.file.key);
  return next;
}

model_record model_registry::find(std::string_view name) {
  return database_.read([&](connection& in) {
    if (auto record = select(in, name)) {
      return *record;
    }
    std::string known;
    for (const model_record& other : select_all(in, "", {})) {
      known += (known.empty() ? "" : ", ") + other.name;
    }
    throw core::error(core::errc::not_found,
                      "no model \"" + std::string(name) + "\"; " +
                          (known.empty() ? "none is trained yet: see eunomia recommend fit" : "there are: " + known));
  });
}

std::vector<model_record> model_registry::list() {
  return database_.read([&](connection& in) { return select_all(in, "", {}); });
}

std::vector<model_record> model_registry::trained_on(std::string_view dataset) {
  return database_.read([&](connection& in) {
    return select_all(in, "WHERE dataset = :dataset", {{"dataset", dataset}});
  });
}

void model_registry::remove(std::string_view name) {
  const model_record record = find(name);
  database_.write([&](transaction& in) {
    in.execute("DELETE FROM recommend_model WHERE name = :name", {{"name", name}});
  });
  blobs_.remove(record.file.key);
}

std::unique_ptr<model> model_registry::load(const model_record& record, const training_context& context) {
  return load_model(blobs_.local_path(record.file), context);
}

}  // namespace eunomia::recommend
