#include "recommend/model_registry.h"

#include <algorithm>
#include <array>
#include <functional>

#include "core/error.h"
#include "core/hash.h"
#include "core/time.h"
#include "recommend/family.h"
#include "recommend/model_file.h"
#include "store/sql/in_doubt.h"

namespace eunomia::recommend {

namespace {

using store::sql::connection;
using store::sql::row;
using store::sql::transaction;

constexpr std::string_view columns =
    "name, dataset, family, parameters, version, trained_at, people, pairs, metrics, file_key, file_size, file_digest, "
    "serving, events, exact, expiries, line";

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
  record.serving = r.int64(12) != 0;
  record.events = r.uint64(13);
  record.exact = r.int64(14) != 0;
  record.expiries = r.int64(15);
  record.line = r.int64(16);
  return record;
}

std::vector<model_record> select(connection& in, std::string_view where,
                                 std::initializer_list<store::sql::argument> args = {}) {
  std::vector<model_record> result;
  in.each("SELECT " + std::string(columns) + " FROM recommend_model_version " + std::string(where) +
              " ORDER BY name, version DESC",
          args, [&](const row& r) { result.push_back(record_of(r)); });
  return result;
}

void insert(transaction& in, const model_record& record) {
  const std::string digest = core::to_hex(record.file.digest);
  in.execute("INSERT INTO recommend_model_version (" + std::string(columns) +
                 ") VALUES (:name, :dataset, :family, :parameters, :version, :trained_at, :people, :pairs, :metrics, "
                 ":file_key, :file_size, :file_digest, :serving, :events, :exact, :expiries, :line)",
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
              {"file_digest", digest},
              {"serving", std::int64_t{record.serving}},
              {"events", record.events},
              {"exact", std::int64_t{record.exact}},
              {"expiries", record.expiries},
              {"line", record.line}});
}

void remove_version(transaction& in, const model_record& record) {
  in.execute("DELETE FROM recommend_model_version WHERE name = :name AND version = :version",
             {{"name", record.name}, {"version", record.version}});
}

void stop_serving(transaction& in, std::string_view name) {
  in.execute("UPDATE recommend_model_version SET serving = 0 WHERE name = :name", {{"name", name}});
}

// Takes those of the versions of a name out that serve or are deployed.
void keep_idle(transaction& in, std::string_view name, std::vector<model_record>& versions) {
  const auto deployed = deployments_of(in, name);
  std::erase_if(versions, [&](const model_record& one) {
    return one.serving || std::ranges::find(deployed, one.version, &deployment_record::version) != deployed.end();
  });
}

std::string numbers_of(std::span<const model_record> versions) {
  std::string text;
  for (const model_record& one : versions) {
    text += (text.empty() ? "" : ", ") + std::to_string(one.version);
  }
  return text;
}

// Throws errc::not_found with the versions there are.
model_record find_version(connection& in, std::string_view name, std::int64_t version) {
  const auto all = select(in, "WHERE name = :name", {{"name", name}});
  const auto found = std::ranges::find(all, version, &model_record::version);
  if (found == all.end()) {
    throw core::error(core::errc::not_found,
                      "model \"" + std::string(name) + "\" has no version " + std::to_string(version) +
                          (all.empty() ? "; none is trained yet" : "; it has " + numbers_of(all)));
  }
  return *found;
}

// What became of a change of one model whose answer was lost.
enum class outcome { made, not_made, unknown };

// Whoever changed a row of this name is waited for: where there was one, the answer is certain.
outcome outcome_of(store::sql::database& database, std::string_view name, const store::blob_ref& file) noexcept {
  try {
    return database.write([&](transaction& in) {
      const auto met =
          in.execute("UPDATE recommend_model_version SET exact = exact WHERE name = :name", {{"name", name}});
      const bool named = !select(in, "WHERE file_key = :file_key", {{"file_key", file.key}}).empty();
      return named ? outcome::made : met > 0 ? outcome::not_made : outcome::unknown;
    });
  } catch (const std::exception&) {
    return outcome::unknown;
  }
}

// Runs the change that names a new file; when it fails, the file goes. Where the answer to the commit is lost, SQL is
// asked: this returns when the file is named. When nobody can tell, the file stays: what no row names is swept when the
// registry is next opened.
void name_file(store::sql::database& database, store::blob_store& blobs, std::string_view name,
               const store::blob_ref& file, const std::function<void(transaction&)>& change) {
  outcome now = outcome::not_made;
  try {
    store::sql::write_or_doubt(database, change, [&] { now = outcome_of(database, name, file); });
  } catch (...) {
    if (now == outcome::not_made) {
      blobs.remove(file.key);
    }
    if (now != outcome::made) {
      throw;
    }
  }
}

}  // namespace

std::span<const store::sql::migration> model_registry_migrations() {
  static constexpr std::array<store::sql::migration, 6> steps = {{
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
      {"recommend-models", 2,
       "CREATE TABLE recommend_model_version ("
       "  name {text} NOT NULL,"
       "  version BIGINT NOT NULL,"
       "  serving BIGINT NOT NULL,"
       "  dataset {text} NOT NULL,"
       "  family {text} NOT NULL,"
       "  parameters {text} NOT NULL,"
       "  trained_at BIGINT NOT NULL,"
       "  events BIGINT NOT NULL,"
       "  exact BIGINT NOT NULL,"
       "  people BIGINT NOT NULL,"
       "  pairs BIGINT NOT NULL,"
       "  metrics {text} NOT NULL,"
       "  file_key {text} NOT NULL,"
       "  file_size BIGINT NOT NULL,"
       "  file_digest {text} NOT NULL,"
       "  PRIMARY KEY (name, version));"
       "INSERT INTO recommend_model_version (name, version, serving, dataset, family, parameters, trained_at, events, "
       "exact, "
       "people, pairs, metrics, file_key, file_size, file_digest) SELECT name, version, 1, dataset, family, "
       "parameters, trained_at, 0, 1, people, pairs, metrics, file_key, file_size, file_digest FROM recommend_model;"
       "DROP TABLE recommend_model"},
      {"recommend-models", 3, "ALTER TABLE recommend_model_version ADD COLUMN expiries BIGINT NOT NULL DEFAULT 0"},
      {"recommend-models", 4, deployment_table},
      {"recommend-models", 5,
       "CREATE TABLE recommend_model_disclosure ("
       "  name {text} NOT NULL,"
       "  version BIGINT NOT NULL,"
       "  recipient {text} NOT NULL,"
       "  purpose {text} NOT NULL,"
       "  disclosed_at BIGINT NOT NULL)"},
      {"recommend-models", 6,
       "ALTER TABLE recommend_model_version ADD COLUMN line BIGINT NOT NULL DEFAULT 0;"
       "UPDATE recommend_model_version SET line = version"},
  }};
  return steps;
}

std::vector<store::blob_ref> model_files(connection& in) {
  std::vector<store::blob_ref> files;
  for (const model_record& record : select(in, "")) {
    files.push_back(record.file);
  }
  return files;
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
  for (const model_record& record : all()) {
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
                                 std::string metrics, learned_when when, std::uint32_t keep, const placement& answers,
                                 const also_recorded& also) {
  check_name("model", name);
  model_record record;
  record.name = name;
  record.dataset = dataset;
  record.family = trained.family();
  record.parameters = trained.parameters();
  record.trained_at = core::now_ms();
  record.events = when.events;
  record.expiries = when.expiries;
  record.people = trained.learned_from().rows();
  record.pairs = trained.learned_from().size();
  record.metrics = metrics.empty() ? "{}" : std::move(metrics);
  record.file = save(name, trained);
  std::vector<model_record> old;
  name_file(database_, blobs_, name, record.file, [&](transaction& in) {
    old = select(in, "WHERE name = :name", {{"name", name}});
    if (!old.empty() && old.front().dataset != dataset) {
      throw core::error(core::errc::already_exists, "model \"" + name + "\" belongs to dataset \"" +
                                                        old.front().dataset + "\"; choose another name");
    }
    record.version = old.empty() ? 1 : old.front().version + 1;
    const auto replaced = std::ranges::find(old, answers.instead_of, &model_record::version);
    record.line = replaced == old.end() ? record.version : replaced->line;
    record.serving = answers.serve || (replaced != old.end() && replaced->serving);
    if (record.serving) {
      stop_serving(in, name);
    }
    insert(in, record);
    for (const deployment_record& deployed : deployments_of(in, name)) {
      if (deployed.version == answers.instead_of) {
        put_deployment(in, name, deployed.name, record.version);
      }
    }
    old = select(in, "WHERE name = :name AND version < :version", {{"name", name}, {"version", record.version}});
    const auto idle =
        std::ranges::stable_partition(old, [&](const model_record& one) { return one.version != answers.instead_of; });
    const std::vector<model_record> taken(idle.begin(), idle.end());  // nothing answers with it any more
    old.erase(idle.begin(), idle.end());
    old.erase(old.begin(), old.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(old.size(), keep - 1)));
    keep_idle(in, name, old);
    old.insert(old.end(), taken.begin(), taken.end());
    for (const model_record& outdated : old) {
      remove_version(in, outdated);
    }
    if (also) {
      also(in, record);
    }
  });
  for (const model_record& outdated : old) {
    blobs_.remove(outdated.file.key);
  }
  return record;
}

model_record model_registry::replace(const model_record& record, const model& changed, bool exact) {
  model_record next = record;
  next.people = changed.learned_from().rows();
  next.pairs = changed.learned_from().size();
  next.exact = exact;
  next.file = save(record.name, changed);
  name_file(database_, blobs_, record.name, next.file, [&](transaction& in) {
    const auto now = select(in, "WHERE name = :name AND version = :version AND file_key = :file_key",
                            {{"name", record.name}, {"version", record.version}, {"file_key", record.file.key}});
    if (now.empty()) {
      throw core::error(core::errc::failed_precondition,
                        "model \"" + record.name + "\" was replaced or removed meanwhile; try again");
    }
    next.serving = now.front().serving;
    remove_version(in, record);
    insert(in, next);
  });
  blobs_.remove(record.file.key);
  return next;
}

void model_registry::record_disclosure(const model_record& of, const model_disclosure& to, const also_recorded& also) {
  database_.write([&](transaction& in) {
    in.execute(
        "INSERT INTO recommend_model_disclosure (name, version, recipient, purpose, disclosed_at) VALUES (:name, "
        ":version, :recipient, :purpose, :now)",
        {{"name", of.name},
         {"version", of.version},
         {"recipient", to.recipient},
         {"purpose", to.purpose},
         {"now", core::now_ms()}});
    if (also) {
      also(in, of);
    }
  });
}

std::vector<model_disclosure> model_registry::disclosures(std::string_view name) {
  return database_.read([&](connection& in) {
    std::vector<model_disclosure> all;
    in.each(
        "SELECT version, recipient, purpose, disclosed_at FROM recommend_model_disclosure WHERE name = :name ORDER BY "
        "disclosed_at DESC, version DESC, recipient, purpose",
        {{"name", name}}, [&](const row& r) {
          all.push_back({r.int64(0), std::string(r.text(1)), std::string(r.text(2)), r.int64(3)});
        });
    return all;
  });
}

std::shared_ptr<const model_file> model_registry::open(const model_record& record) {
  return model_file::open(blobs_.local_path(record.file));
}

model_record model_registry::serve(std::string_view name, std::int64_t version) {
  return database_.write([&](transaction& in) {
    model_record record = find_version(in, name, version);
    stop_serving(in, name);
    in.execute("UPDATE recommend_model_version SET serving = 1 WHERE name = :name AND version = :version",
               {{"name", name}, {"version", version}});
    record.serving = true;
    return record;
  });
}

deployment_record model_registry::deploy(std::string_view name, std::string_view deployment, std::int64_t version) {
  return database_.write([&](transaction& in) {
    find_version(in, name, version);
    return put_deployment(in, name, deployment, version);
  });
}

void model_registry::withdraw(std::string_view name, std::string_view deployment) {
  database_.write([&](transaction& in) { delete_deployment(in, name, deployment); });
}

std::vector<deployment_record> model_registry::deployments(std::string_view name) {
  return database_.read([&](connection& in) { return deployments_of(in, name); });
}

std::vector<deployment_record> model_registry::deployments() {
  return database_.read([](connection& in) { return all_deployments(in); });
}

model_record model_registry::find(std::string_view name) {
  return database_.read([&](connection& in) {
    if (auto found = select(in, "WHERE name = :name AND serving = 1", {{"name", name}}); !found.empty()) {
      return found.front();
    }
    std::string known;
    for (const model_record& other : select(in, "WHERE serving = 1")) {
      known += (known.empty() ? "" : ", ") + other.name;
    }
    throw core::error(core::errc::not_found,
                      "no model \"" + std::string(name) + "\"; " +
                          (known.empty() ? "none is trained yet: see eunomia recommend fit" : "there are: " + known));
  });
}

std::vector<model_record> model_registry::versions(std::string_view name) {
  return database_.read([&](connection& in) { return select(in, "WHERE name = :name", {{"name", name}}); });
}

std::vector<model_record> model_registry::list() {
  return database_.read([](connection& in) { return select(in, "WHERE serving = 1"); });
}

std::vector<model_record> model_registry::all() {
  return database_.read([](connection& in) { return select(in, ""); });
}

void model_registry::remove(std::string_view name, const std::function<void(transaction& in)>& also) {
  const auto gone = database_.write([&](transaction& in) {
    auto found = select(in, "WHERE name = :name", {{"name", name}});
    for (const model_record& record : found) {
      remove_version(in, record);
    }
    delete_deployments(in, name);
    if (also) {
      also(in);
    }
    return found;
  });
  for (const model_record& record : gone) {
    blobs_.remove(record.file.key);
  }
}

void model_registry::remove_idle(std::span<const model_record> versions) {
  std::vector<model_record> gone;
  database_.write([&](transaction& in) {
    gone.clear();
    for (const model_record& wanted : versions) {
      auto found =
          select(in, "WHERE name = :name AND version = :version", {{"name", wanted.name}, {"version", wanted.version}});
      keep_idle(in, wanted.name, found);
      for (model_record& idle : found) {
        remove_version(in, idle);
        gone.push_back(std::move(idle));
      }
    }
  });
  for (const model_record& record : gone) {
    blobs_.remove(record.file.key);
  }
}

std::vector<learned_preference> model_registry::learned_from(const model_record& record, core::subject_handle who) {
  return recommend::learned_from(*model_file::open(blobs_.local_path(record.file)), who);
}

rows_learned model_registry::count_learned(const model_record& record, std::span<const core::subject_handle> people) {
  return recommend::count_learned(*model_file::open(blobs_.local_path(record.file)), people);
}

std::unique_ptr<model> model_registry::load(const model_record& record, const training_context& context) {
  return load_model(blobs_.local_path(record.file), context);
}

}  // namespace eunomia::recommend
