#include "core/configuration.h"

#define TOML_HEADER_ONLY 0
#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace eunomia::core {

namespace {

constexpr std::size_t max_file_bytes = std::size_t{1} << 20;

// The names of one option outside the command line.
struct places {
  std::string environment;
  std::string key;  // "recommend.fit.half-life"; empty: not in the file
};
using places_of_options = std::map<const CLI::Option*, places>;

// What a variable of the environment holds; nothing when it is empty or absent. Nobody sets variables while this runs.
std::optional<std::string> variable_named(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

std::string environment_name(const std::string& prefix, const std::string& key) {
  std::string name = prefix;
  for (const char c : key) {
    name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '-' || c == '.' ? '_' : c;
  }
  return name;
}

std::string joined(const std::string& section, const std::string& name) {
  return section.empty() ? name : section + "." + name;
}

std::vector<const CLI::App*> named_subcommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty(); });
}

const CLI::App* find_subcommand(const CLI::App& app, const std::string& name) {
  const auto found = app.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == name; });
  return name.empty() || found.empty() ? nullptr : found.front();
}

// A file that CLI11 asks for: checked against the options, without what the environment overrides.
class toml_file final : public CLI::Config {
 public:
  toml_file(const CLI::App& root, std::shared_ptr<const places_of_options> places)
      : root_(root), places_(std::move(places)) {}

  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }

  std::vector<CLI::ConfigItem> from_config(std::istream& in) const override {
    const std::string name = root_.get_config_ptr()->as<std::string>();
    std::string text(max_file_bytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > max_file_bytes) {
      throw CLI::FileError(name + " is longer than the limit of " + std::to_string(max_file_bytes) + " bytes");
    }
    std::vector<CLI::ConfigItem> found;
    try {
      const toml::table document = toml::parse(text, name);
      collect(document, root_, {}, name, found);
    } catch (const toml::parse_error& failure) {
      throw refusal(name, failure.source(), std::string(failure.description()));
    }
    return found;
  }

 private:
  static CLI::FileError refusal(const std::string& file, const toml::source_region& at, const std::string& what) {
    return CLI::FileError(file + ":" + std::to_string(at.begin.line) + ": " + what);
  }

  void collect(const toml::table& table, const CLI::App& app, const std::vector<std::string>& parents,
               const std::string& file, std::vector<CLI::ConfigItem>& found) const {
    std::string section;
    for (const std::string& parent : parents) {
      section = joined(section, parent);
    }
    for (const auto& [toml_key, node] : table) {
      const std::string key(toml_key.str());
      if (const CLI::App* sub = find_subcommand(app, key); sub != nullptr && node.is_table()) {
        auto deeper = parents;
        deeper.push_back(key);
        collect(*node.as_table(), *sub, deeper, file, found);
        continue;
      }
      const CLI::Option* option = app.get_option_no_throw("--" + key);
      const auto place = option == nullptr ? places_->end() : places_->find(option);
      if (place == places_->end() || place->second.key != joined(section, key)) {
        throw refusal(file, toml_key.source(), unknown(app, section, key));
      }
      std::vector<std::string> values = values_of(node, joined(section, key), file);
      if (!values.empty() && !variable_named(place->second.environment)) {
        found.push_back({parents, key, std::move(values)});
      }
    }
  }

  std::string unknown(const CLI::App& app, const std::string& section, const std::string& key) const {
    std::vector<std::string> known;
    for (const CLI::Option* option : app.get_options()) {
      if (const auto place = places_->find(option); place != places_->end() && !place->second.key.empty()) {
        known.push_back(place->second.key.substr(section.empty() ? 0 : section.size() + 1));
      }
    }
    for (const CLI::App* sub : named_subcommands(app)) {
      known.push_back("[" + joined(section, sub->get_name()) + "]");
    }
    std::sort(known.begin(), known.end());
    std::string message = "unknown key \"" + joined(section, key) + "\"; known ";
    message += section.empty() ? "at the top: " : "in [" + section + "]: ";
    message += known.empty() ? "nothing" : CLI::detail::join(known, ", ");
    return message;
  }

  static std::vector<std::string> values_of(const toml::node& node, const std::string& key, const std::string& file) {
    if (const toml::array* array = node.as_array()) {
      std::vector<std::string> values;
      for (const toml::node& element : *array) {
        values.push_back(value_of(element, key, file));
      }
      return values;
    }
    return {value_of(node, key, file)};
  }

  static std::string value_of(const toml::node& node, const std::string& key, const std::string& file) {
    if (const auto* text = node.as_string()) {
      return text->get();
    }
    if (const auto* truth = node.as_boolean()) {
      return truth->get() ? "true" : "false";
    }
    std::array<char, 32> digits;
    char* const last = digits.data() + digits.size();
    if (const auto* whole = node.as_integer()) {
      return {digits.data(), std::to_chars(digits.data(), last, whole->get()).ptr};
    }
    if (const auto* real = node.as_floating_point()) {
      return {digits.data(), std::to_chars(digits.data(), last, real->get()).ptr};
    }
    throw refusal(
        file, node.source(),
        "\"" + key + "\" must be a string, a number, true, false or an array of these; quote dates and times");
  }

  const CLI::App& root_;
  std::shared_ptr<const places_of_options> places_;
};

// Help that tells of each option its environment variable and its key in the file.
class help_formatter final : public CLI::Formatter {
 public:
  explicit help_formatter(std::shared_ptr<const places_of_options> places) : places_(std::move(places)) {}

  // The same as CLI11's, but for " (Env:...)", which the description tells better.
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_opts(option);
    const std::string own = " (" + get_label("Env") + ":" + option->get_envname() + ")";
    if (const auto at = text.find(own); !option->get_envname().empty() && at != std::string::npos) {
      text.erase(at, own.size());
    }
    return text;
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_desc(option);
    if (const auto place = places_->find(option); place != places_->end()) {
      text += (text.empty() ? "" : "\n") + ("[env " + place->second.environment);
      text += (place->second.key.empty() ? "" : ", file key " + place->second.key) + "]";
    }
    return text;
  }

 private:
  std::shared_ptr<const places_of_options> places_;
};

void name_options(CLI::App& app, const std::string& section, const configuration_names& names,
                  places_of_options& places) {
  for (CLI::Option* option : app.get_options()) {
    if (!option->get_configurable() || option->get_lnames().empty()) {
      continue;
    }
    const std::string key = joined(section, option->get_lnames().front());
    const std::string environment = environment_name(names.environment_prefix, key);
    option->envname(environment);
    places[option] = {environment, key};
  }
  for (CLI::App* sub : app.get_subcommands([](const CLI::App* s) { return !s->get_name().empty(); })) {
    name_options(*sub, joined(section, sub->get_name()), names, places);
  }
}

void set_formatter(CLI::App& app, const std::shared_ptr<CLI::FormatterBase>& formatter) {
  app.formatter(formatter);
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    set_formatter(*sub, formatter);
  }
}

}  // namespace

void add_configuration(CLI::App& root, const configuration_names& names) {
  const auto places = std::make_shared<places_of_options>();
  name_options(root, {}, names, *places);

  const std::string variable = environment_name(names.environment_prefix, "config");
  const std::optional<std::string> named = variable_named(variable);
  const std::string file = named.value_or(names.default_file);
  // "Required" makes CLI11 report what is wrong with a file it finds by itself; it satisfies itself by reading it.
  std::error_code ignored;
  const bool must_be_read = named.has_value() || std::filesystem::exists(file, ignored);
  CLI::Option* option = root.set_config("--config", file, "The TOML file with further options", must_be_read);
  option->option_text("FILE=" + file);
  (*places)[option] = {variable, {}};

  root.config_formatter(std::make_shared<toml_file>(root, places));
  const auto formatter = std::make_shared<help_formatter>(places);
  formatter->column_width(36);
  set_formatter(root, formatter);
}

}  // namespace eunomia::core
