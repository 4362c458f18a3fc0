// As UnityCsReference has it: Editor/Mono/Settings/SettingsProvider.cs, Unity 6000.5.0a5.
using System;
using System.Collections.Generic;

namespace UnityEditor
{
    public class SettingsProvider
    {
        public SettingsProvider(string path, SettingsScope scopes, IEnumerable<string> keywords = null) { }

        public Action<string> guiHandler { get; set; }

        public virtual void OnGUI(string searchContext)
        {
            if (guiHandler != null) guiHandler(searchContext);
        }
    }
}
