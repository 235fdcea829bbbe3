#include "app/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "app/commands.h"
#include "core/configuration.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"

namespace eunomia::app {

namespace {

constexpr std::string_view footer =
    "Exit codes: 0 success, 1 a defect, 2 wrong flags, 3 wrong input, 4 not found, 5 exists already or not in a state\n"
    "for this, 6 memory, disk or a limit used up, 7 stored bytes damaged, 8 unavailable, 9 the purpose does not allow\n"
    "it, 130 stopped by a signal.\n\n"
    "An option can be given as a flag, in the environment, or in a TOML file, in this order of precedence.";

struct error_body {
  std::string code;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(error_body, (), (code, message))
struct error_row {
  error_body error;
};
BOOST_DESCRIBE_STRUCT(error_row, (), (error))

void complain(bool json, std::string_view code, std::string_view message) {
  const std::string text = json ? core::write_json(error_row{{std::string(code), std::string(message)}})
                                : fmt::format("eunomia: {}", message);
  fmt::print(stderr, "{}\n", text);
}

void add_global_options(CLI::App& root, environment& shared, core::log::settings& logs) {
  root.add_option("--data", shared.data, "The data directory; created when absent")->capture_default_str();
  root.add_option("--database", shared.database, "postgresql://… instead of SQLite in the data directory");
  root.add_option("--master-key-file", shared.master_key.file,
                  "The base64 of 32 bytes that seals the keyring (default: keys/master.key in the data directory, made "
                  "by the first start); EUNOMIA_MASTER_KEY may hold the key itself");
  root.add_option("--master-key-command", shared.master_key.command,
                  "What a shell runs to print the master key: the client of a key service");
  root.add_option("--server", shared.server,
                  "Talk to a running server, http://127.0.0.1:8080, instead of opening --data");
  root.add_option("--token-file", shared.token_file, "The file with the token for --server");
  root.add_option("--certificate-authority", shared.certificate_authority,
                  "PEM of who signed the server's certificate (default: the system's)");
  root.add_option("--threads", shared.threads, "Worker threads; 0: one for each processor")
      ->check(CLI::Range(0U, 1024U))
      ->capture_default_str();
  root.add_option("--memory-limit", shared.memory_limit,
                  "Training that needs more is refused, 8GB; 0: four fifths of what the machine has to spare")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  root.add_flag("--json", shared.json, "Print one JSON value instead of tables");
  root.add_flag("--quiet", shared.quiet, "No progress");
  root.add_option_function<std::string>(
          "--log-level", [&logs](const std::string& name) { logs.least = core::log::level_of(name); },
          "debug, info, warning, error or off")
      ->default_str("warning");
  root.add_option("--log-file", logs.file, "Append the log to this file instead of standard error");
}

void add_commands(CLI::App& root, environment& shared) {
  CLI::App* recommend = root.add_subcommand("recommend", "Recommendations: import, train, judge, ask, forget");
  recommend->require_subcommand(1);
  add_import(*recommend, shared);
  add_export(*recommend, shared);
  add_list(*recommend, shared);
  add_fit(*recommend, shared);
  add_evaluate(*recommend, shared);
  add_verify_forgetting(*recommend, shared);
  add_recommend(*recommend, shared);
  add_similar(*recommend, shared);
  add_explain(*recommend, shared);
  add_deployments(*recommend, shared);
  add_model_files(*recommend, shared);
  add_forget(*recommend, shared);
  add_up(root, shared);
  add_purposes(root, shared);
  add_subjects(root, shared);
  add_tokens(root, shared);
  add_keys(root, shared);
  add_buckets(root, shared);
  add_backup(root, shared);
  add_restore(root, shared);
  add_inventory(root, shared);
  add_retention(root, shared);
  add_audit(root, shared);
  add_certificate(root, shared);
  add_migrate(root, shared);
  add_demo(root, shared);
  root.require_subcommand(1);
}

// Global options may stand behind the subcommand too.
void fall_through(CLI::App& app) {
  app.fallthrough();
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) {
    fall_through(*sub);
  }
}

exit_code parse_and_act(std::vector<std::string> arguments, environment& shared) {
  CLI::App root("Recommendations on your own hardware that can forget a person.", "eunomia");
  core::log::settings logs{.least = core::log::level::warning};
  add_global_options(root, shared, logs);
  add_commands(root, shared);
  root.set_version_flag("--version", EUNOMIA_VERSION);
  root.footer(std::string(footer));
  fall_through(root);
  core::add_configuration(root);
  std::reverse(arguments.begin(), arguments.end());
  try {
    root.parse(std::move(arguments));
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      root.exit(e);  // --help and --version, on standard output
      return exit_code::success;
    }
    complain(shared.json, "usage", fmt::format("{}; see eunomia --help", e.what()));
    return exit_code::usage;
  }
  core::log::configure(logs);
  // NOLINTBEGIN(concurrency-mt-unsafe): no thread of ours runs yet
  if (const char* key = std::getenv("EUNOMIA_MASTER_KEY")) {
    shared.master_key.text = key;
    ::unsetenv("EUNOMIA_MASTER_KEY");  // not for programs that are started from here
  }
  // NOLINTEND(concurrency-mt-unsafe)
  shared.action();
  return exit_code::success;
}

}  // namespace

exit_code run(const std::vector<std::string>& arguments) noexcept {
  environment shared;
  try {
    return parse_and_act(arguments, shared);
  } catch (const core::error& e) {
    complain(shared.json, core::name_of(e.code()), e.what());
    return exit_code_of(e.code());
  } catch (const std::bad_alloc&) {
    complain(shared.json, "resource_exhausted", "out of memory; free some, or give the machine more");
    return exit_code::resource_exhausted;
  } catch (const std::exception& e) {
    complain(shared.json, "internal", fmt::format("a defect: {}", e.what()));
    return exit_code::internal;
  }
}

}  // namespace eunomia::app
