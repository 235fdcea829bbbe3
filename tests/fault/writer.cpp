// fault_writer FOLDER RUN: writes until it is killed; a line on standard output for each thing acknowledged.

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <thread>

#include "core/file.h"
#include "core/hash.h"
#include "plan.h"
#include "store/blob/blob_store.h"
#include "subject/directory.h"

namespace eunomia::fault {
namespace {

namespace fs = std::filesystem;
namespace sql = store::sql;

// One write(2), so that lines of several threads do not mix and none is lost in a buffer.
void acknowledge(const char* what, std::int64_t number) {
  char line[64];
  const int length = std::snprintf(line, sizeof line, "%s %lld\n", what, static_cast<long long>(number));
  if (::write(STDOUT_FILENO, line, static_cast<std::size_t>(length)) != length) {
    std::terminate();
  }
}

void write_pairs(sql::database& db, std::int64_t number) {
  for (;; ++number) {
    db.write([&](sql::transaction& in) {
      for (const std::int64_t side : {0, 1}) {
        in.execute("INSERT INTO pair (number, side, note) VALUES (:number, :side, :note)",
                   {{"number", number}, {"side", side}, {"note", note_of(number, side)}});
      }
    });
    acknowledge("pair", number);
  }
}

void write_blobs(sql::database& db, store::blob_store& blobs, std::int64_t number) {
  for (;; ++number) {
    const store::blob_ref blob = blobs.put(blob_key(number), core::as_bytes(blob_content(number)));
    db.write([&](sql::transaction& in) {
      in.execute("INSERT INTO blob (key, size, digest) VALUES (:key, :size, :digest)",
                 {{"key", blob.key}, {"size", blob.size}, {"digest", core::to_hex(blob.digest)}});
    });
    acknowledge("blob", number);
  }
}

void write_manifest(const fs::path& path, std::int64_t number) {
  for (;; ++number) {
    core::write_file(path, manifest_content(number));
    acknowledge("manifest", number);
  }
}

// Imports of three people each, every other one given up.
void enrol(sql::database& db, subject::durable_directory& people, std::int64_t number) {
  for (;; number += 3) {
    const std::string names[] = {identifier(number), identifier(number + 1), identifier(number + 2)};
    const std::string_view raw[] = {names[0], names[1], names[2]};
    core::subject_handle handles[3];
    const auto import = people.enrol("user");
    import->resolve(raw, handles);
    if (number % 2 == 0) {
      db.write([&](sql::transaction& in) { import->record(in); });
      acknowledge("people", number);
    }
  }
}

int run(const fs::path& folder, std::int64_t run_number) {
  const auto db = sql::database::open(folder / "fault.db");
  db->migrate(migrations);
  db->migrate(subject::directory_migrations());
  const auto blobs = store::open_disk_blob_store(folder / "blobs");
  const auto people = subject::open_directory(*db, subject::open_vault(*db, folder / "keys"));
  acknowledge("open", run_number);
  const auto first = [&](std::int64_t thread) { return first_number(run_number, thread); };
  std::thread threads[] = {std::thread([&] { write_pairs(*db, first(0)); }),
                           std::thread([&] { write_pairs(*db, first(1)); }),
                           std::thread([&] { write_blobs(*db, *blobs, first(2)); }),
                           std::thread([&] { write_manifest(folder / "manifest", first(3)); }),
                           std::thread([&] { enrol(*db, *people, first(4)); })};
  for (std::thread& thread : threads) {
    thread.join();
  }
  return 0;
}

}  // namespace
}  // namespace eunomia::fault

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("fault_writer FOLDER RUN\n", stderr);
    return 2;
  }
  return eunomia::fault::run(argv[1], std::stoll(argv[2]));
}
