// What it costs to ask who may be read: a scan of a table about people, with everybody admitted, with some left out,
// and with some let in. No peer does this; the yardstick is the same scan with everybody admitted.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "core/admission.h"
#include "core/data_keys.h"
#include "core/job.h"
#include "core/temporary_directory.h"
#include "core/thread_pool.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"
#include "store/table/table_store.h"

namespace {

using namespace eunomia;

constexpr std::int64_t people = 100'000;
constexpr std::size_t rows_at_a_time = 65'536;

class one_admission final : public core::access_policy {
 public:
  std::shared_ptr<const core::admission> admission_for(const core::purpose&) const override { return now; }
  std::optional<core::refusal> refusal_of(core::subject_handle, const core::purpose&) const override { return {}; }
  std::shared_ptr<const core::admission> now = core::admission::everybody();
};

// Nothing of what is scanned rests sealed.
class no_keys final : public core::data_key_source {
 public:
  core::data_keys keys_of(std::span<const core::subject_handle>) const override { return {}; }
};

void fill(store::sql::database& sql, store::table::table_store& tables, std::size_t rows, core::thread_pool& pool) {
  using store::table::column_type;
  const store::table::table_description description{
      "events",
      true,
      {{"item", column_type::int64}, {"time", column_type::int64}, {"type", column_type::text}},
      {core::purpose("recommendation")}};
  sql.write([&](store::sql::transaction& in) { tables.create(in, description); });
  const auto out = tables.append("events", pool);
  std::mt19937_64 random(1);
  store::table::column_batch batch(description.columns);
  constexpr std::array<std::string_view, 2> types = {"view", "purchase"};
  for (std::size_t row = 0; row < rows; ++row) {
    batch.subjects.push_back(1 + static_cast<std::int64_t>(random() % people));
    batch.columns[0].add(static_cast<std::int64_t>(random() % 10'000));
    batch.columns[1].add(static_cast<std::int64_t>(1'700'000'000'000 + row));
    batch.columns[2].add(types[random() % types.size()]);
    if (batch.rows() == rows_at_a_time) {
      out->append(batch);
      batch.clear();
    }
  }
  out->append(batch);
  out->finish();
  sql.write([&](store::sql::transaction& in) { out->commit(in); });
  out->committed();
}

void run(std::size_t rows, unsigned threads) {
  const core::temporary_directory folder;
  const auto sql = store::sql::database::open((folder.path() / "eunomia.db").string());
  const auto blobs = store::open_disk_blob_store(folder.path() / "blobs");
  one_admission access;
  const no_keys keys;
  const auto tables = store::table::open_table_store(*sql, *blobs, folder.path() / "blobs", access, keys);
  core::thread_pool pool(threads);
  fill(*sql, *tables, rows, pool);

  std::vector<core::subject_handle> everyone;
  for (std::int64_t who = 1; who <= people; ++who) {
    everyone.emplace_back(static_cast<std::uint64_t>(who));
  }
  std::shuffle(everyone.begin(), everyone.end(), std::mt19937_64(2));
  const std::span all(everyone);
  const std::vector<std::pair<std::string_view, std::shared_ptr<const core::admission>>> cases = {
      {"everybody", core::admission::everybody()},
      {"all but 1 of 100,000 people", core::admission::everybody_but(all.first(1))},
      {"all but 1 %", core::admission::everybody_but(all.first(people / 100))},
      {"all but 10 %", core::admission::everybody_but(all.first(people / 10))},
      {"only 50 %", core::admission::only(all.first(people / 2))},
  };
  constexpr std::array<std::string_view, 3> columns = {"item", "time", "type"};
  constexpr int rounds = 5;
  std::vector<double> best(cases.size(), 1e9);
  std::vector<store::table::scan_report> reports(cases.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t c = 0; c < cases.size(); ++c) {
      access.now = cases[c].second;
      core::job job;
      std::atomic<std::uint64_t> sum = 0;
      const auto begin = std::chrono::steady_clock::now();
      reports[c] = tables->scan("events", core::purpose("recommendation"), columns, {}, pool, job,
                                [&](const store::table::chunk& some) {
                                  std::uint64_t local = 0;
                                  for (const std::int64_t item : some.columns[0].int64()) {
                                    local += static_cast<std::uint64_t>(item);
                                  }
                                  sum += local;
                                });
      best[c] = std::min(best[c], std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
  }
  for (std::size_t c = 0; c < cases.size(); ++c) {
    fmt::print(
        R"({{"bench": "scan", "figure": "scan of {} M rows, {} thread(s), admitted: {}", "unit": "s", "better": "lower", )"
        R"("ours": {:.4f}, "note": "{} rows shown, {} withheld; {:.2f} times everybody"}})"
        "\n",
        rows / 1'000'000, pool.size(), cases[c].first, best[c], reports[c].shown, reports[c].withheld,
        best[c] / best[0]);
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t rows = 10'000'000;
  unsigned threads = 1;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    const std::string_view text = arguments[i + 1];
    if (name == "--rows") {
      std::from_chars(text.data(), text.data() + text.size(), rows);
    } else if (name == "--threads") {
      std::from_chars(text.data(), text.data() + text.size(), threads);
    }
  }
  run(rows, threads);
}
