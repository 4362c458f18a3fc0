using System;
using System.Collections.Generic;

namespace UnityEditor
{
    public class SettingsProvider
    {
        public SettingsProvider(string path, SettingsScope scopes, IEnumerable<string> keywords = null)
        {
            settingsPath = path;
            scope = scopes;
            this.keywords = keywords ?? new string[0];
        }

        public string settingsPath { get; }

        public SettingsScope scope { get; }

        public IEnumerable<string> keywords { get; set; }

        public Action<string> guiHandler { get; set; }

        public virtual void OnGUI(string searchContext)
        {
            if (guiHandler != null) guiHandler(searchContext);
        }
    }
}
