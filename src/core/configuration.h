#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;       // NOLINT(readability-identifier-naming)
}

namespace eunomia::core {

// Gives every long option of a CLI11 program, subcommands included, three places it can be set, the first that does
// wins: the command line, the environment, a TOML file. The names of the latter two follow from the flag:
//
//   eunomia --data D                    EUNOMIA_DATA=D                   data = "D"
//   eunomia recommend fit --half-life 3 EUNOMIA_RECOMMEND_FIT_HALF_LIFE  [recommend.fit]
//                                                                        half-life = 3
//
// and --help shows them beside each option. Options made with configurable(false), such as --help itself, have neither.
// The file is named by --config or EUNOMIA_CONFIG; without either the default is read when it exists. An empty
// environment variable counts as unset. Option values may be strings, numbers, booleans and arrays of these.
//
// Call once, on the root, after all options and subcommands are defined and before parse(). A file that is missing
// though named, is no TOML, or has a key that is no option makes parse() throw CLI::FileError:
//   eunomia.toml:7: unknown key "recommend.fit.half-live"; known in [recommend.fit]: half-life, model
//
// The file is parsed by toml++, not by CLI11: CLI11 2.1 reads a subset (no multi-line strings, inline tables, escapes
// or typed values), takes an unknown key for an extra argument without saying where it stood, and lets the file go
// before the environment.
struct configuration_names {
  std::string environment_prefix = "EUNOMIA_";
  std::string default_file = "eunomia.toml";
};
void add_configuration(CLI::App& root, const configuration_names& names = {});

}  // namespace eunomia::core
