#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/job.h"
#include "core/thread_pool.h"
#include "recommend/model.h"
#include "subject/vault/master_key.h"

namespace eunomia::app {

// What every command shares: the global flags, and what is made from them when a command first asks.
class environment {
 public:
  // Global flags, filled in while the command line is read.
  std::filesystem::path data = "eunomia-data";
  std::string database;                         // URL; empty: SQLite in the data directory
  subject::master_key_source master_key;        // no file: keys/master.key in the data directory
  std::string server;                           // URL; empty: this process opens the data directory itself
  std::filesystem::path token_file;             // the token for --server
  std::filesystem::path certificate_authority;  // PEM; empty: the system's
  unsigned threads = 0;                         // 0: one for each processor
  std::uint64_t memory_limit = 0;               // bytes; 0: what the machine has to spare
  bool json = false;
  bool quiet = false;

  // What the command line asked for; set by the subcommand that was named.
  std::function<void()> action;

  core::thread_pool& pool();
  // Progress on the terminal unless --quiet; cancelled by SIGINT and SIGTERM.
  core::job& job();
  recommend::training_context context();
  // The bytes that a training may take: --memory-limit, or what the machine has to spare.
  std::uint64_t training_memory();

  // Prints to standard output: text for people, or the JSON under --json.
  void print(const std::string& text) const;

 private:
  std::unique_ptr<core::thread_pool> pool_;
  std::shared_ptr<core::job> job_;
};

}  // namespace eunomia::app
