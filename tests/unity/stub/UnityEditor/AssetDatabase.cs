// As UnityCsReference has it: Editor/Mono/AssetDatabase/AssetDatabaseSearching.cs and AssetDatabase.bindings.cs, Unity 6000.4.0a2.
using System.Collections.Generic;

namespace UnityEditor
{
    public sealed partial class AssetDatabase
    {
        // By the only filter there is a use for, `t:TYPE`; a GUID here is the path itself.
        public static string[] FindAssets(string filter)
        {
            var found = new List<string>();
            foreach (KeyValuePair<string, UnityEngine.Object> asset in EditorDriver.Assets)
            {
                if (filter == "t:" + asset.Value.GetType().Name) found.Add(asset.Key);
            }
            return found.ToArray();
        }

        public static string GUIDToAssetPath(string guid) { return guid; }

        public static T LoadAssetAtPath<T>(string assetPath) where T : UnityEngine.Object
        {
            UnityEngine.Object asset;
            return EditorDriver.Assets.TryGetValue(assetPath, out asset) ? asset as T : null;
        }

        public static string GetAssetPath(UnityEngine.Object assetObject)
        {
            foreach (KeyValuePair<string, UnityEngine.Object> asset in EditorDriver.Assets)
            {
                if (asset.Value == assetObject) return asset.Key;
            }
            return "";
        }

        public static void CreateAsset(UnityEngine.Object asset, string path)
        {
            asset.name = System.IO.Path.GetFileNameWithoutExtension(path);
            EditorDriver.Assets[path] = asset;
        }

        public static string GenerateUniqueAssetPath(string path)
        {
            string free = path;
            for (int number = 1; EditorDriver.Assets.ContainsKey(free); number++)
            {
                free = path.Replace(".asset", " " + number + ".asset");
            }
            return free;
        }

        public static void SaveAssets() { }
    }
}
