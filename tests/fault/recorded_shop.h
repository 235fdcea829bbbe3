#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "recommend/dataset.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"
#include "store/table/table_store.h"
#include "subject/directory.h"

// What the recorder and the one who checks agree on.
namespace eunomia::fault {

inline constexpr std::int64_t events_per_batch = 5;

// Everything about event number n follows from n: its time is n milliseconds.
inline recommend::event numbered_event(std::int64_t n) {
  recommend::event made;
  made.user_id = fmt::format("user {}", n % 97);
  made.item_id = fmt::format("item {}", n % 31);
  made.timestamp = n;
  made.event_id = fmt::format("event {}", n);
  return made;
}

inline std::vector<recommend::event> numbered_batch(std::int64_t first) {
  std::vector<recommend::event> batch;
  for (std::int64_t n = first; n < first + events_per_batch; ++n) {
    batch.push_back(numbered_event(n));
  }
  return batch;
}

struct recorded_shop {
  explicit recorded_shop(const std::filesystem::path& folder)
      : sql(store::sql::database::open(folder / "events.db")), blobs(store::open_disk_blob_store(folder / "blobs")) {
    sql->migrate(subject::directory_migrations());
    purposes = std::make_unique<subject::purposes>(*sql);
    keys = subject::open_vault(*sql, folder / "keys");
    tables = store::table::open_table_store(*sql, *blobs, folder / "blobs", *purposes, *keys);
    people = subject::open_directory(*sql, keys);
    datasets = std::make_unique<recommend::datasets>(*sql, *tables, *people, *purposes);
    if (datasets->list().empty()) {
      recommend::dataset_description description;
      description.name = "shop";
      datasets->create(description);
    }
    dataset = std::make_unique<recommend::dataset>(datasets->open("shop"));
  }

  std::unique_ptr<store::sql::database> sql;
  std::unique_ptr<store::blob_store> blobs;
  std::unique_ptr<subject::purposes> purposes;
  std::shared_ptr<subject::vault> keys;
  std::unique_ptr<store::table::table_store> tables;
  std::unique_ptr<subject::durable_directory> people;
  std::unique_ptr<recommend::datasets> datasets;
  std::unique_ptr<recommend::dataset> dataset;
};

}  // namespace eunomia::fault
