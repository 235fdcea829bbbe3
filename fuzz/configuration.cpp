// The TOML file of options: read, or refused as CLI11 refuses.

#include "core/configuration.h"

#include <CLI/CLI.hpp>

#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eunomia;
  const fuzz::memory_file file(fuzz::text_of(data, size));
  CLI::App root("fuzz");
  std::string data_directory;
  bool quiet = false;
  std::vector<std::string> columns;
  double half_life = 0;
  std::int64_t count = 0;
  root.add_option("--data", data_directory);
  root.add_flag("--quiet", quiet);
  CLI::App& recommend = *root.add_subcommand("recommend", "");
  CLI::App& fit = *recommend.add_subcommand("fit", "");
  fit.add_option("--half-life", half_life);
  fit.add_option("--columns", columns);
  recommend.add_option("--count", count);
  core::add_configuration(root, {.environment_prefix = "EUNOMIA_FUZZ_", .default_file = ""});
  try {
    root.parse("--config " + file.path().string() + " recommend fit", false);
  } catch (const CLI::ParseError&) {
    return 0;
  }
  return 0;
}
