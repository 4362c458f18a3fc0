// As UnityCsReference has it: Editor/Mono/AssemblyReloadEvents.cs, Unity 6000.1.0a5.
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
