// As UnityCsReference has it: Editor/Mono/AssemblyReloadEvents.cs, commit 18d6ef1a.
namespace UnityEditor
{
    public static class AssemblyReloadEvents
    {
        public delegate void AssemblyReloadCallback();

        public static event AssemblyReloadCallback beforeAssemblyReload;

        internal static void RaiseBefore()
        {
            if (beforeAssemblyReload != null) beforeAssemblyReload();
        }
    }
}
